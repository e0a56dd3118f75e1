/** @file The sentences of training, by key: the page that starts a run, its curves, and the gate. */
import type { RunState, Scope, TrainingProgress, TrainOptions } from '../../../shared/training'
import type { Entry } from '../../../shared/languages'

type OptionName = keyof TrainOptions

const OPTIONS: Readonly<Record<`option.${OptionName}` | `optionHint.${OptionName}`, Entry>> = {
  'option.scope': { en: 'Scope', ko: '학습 범위' },
  'optionHint.scope': {
    en: 'Decoder is quick and learns new habits of annotation; full learns a new kind of picture.',
    ko: '디코더는 빠르며 새로운 표시 기준을 익힙니다. 전체는 새로운 유형의 사진까지 익힙니다.',
  },
  'option.epochs': { en: 'Epochs', ko: '에포크' },
  'optionHint.epochs': { en: 'Passes over all training images.', ko: '학습 이미지 전체를 도는 횟수입니다.' },
  'option.time_limit': { en: 'Time limit (min)', ko: '제한 시간(분)' },
  'optionHint.time_limit': {
    en: 'Training stops then and keeps the best so far.',
    ko: '시간이 되면 학습을 멈추고 가장 좋은 결과를 남깁니다.',
  },
  'option.early_stopping': { en: 'Early stopping', ko: '조기 종료' },
  'optionHint.early_stopping': {
    en: 'Epochs without a better validation score after which to stop; 0 for never.',
    ko: '검증 점수가 오르지 않을 때 기다리는 에포크 수입니다. 0이면 멈추지 않습니다.',
  },
  'option.lr': { en: 'Learning rate', ko: '학습률' },
  'optionHint.lr': {
    en: 'How far a step goes at most; too high undoes what the model knows.',
    ko: '한 단계에서 바꾸는 정도입니다. 너무 크면 이미 배운 것을 잃습니다.',
  },
  'option.lr_schedule': { en: 'Schedule', ko: '학습률 일정' },
  'optionHint.lr_schedule': {
    en: 'Epochs after which the rate falls, such as 80, 200; empty: a warm-up, then a smooth fall to 0.',
    ko: '학습률을 낮출 에포크입니다(예: 80, 200). 비우면 예열 후 0까지 부드럽게 낮춥니다.',
  },
  'option.lr_schedule_gamma': { en: 'Factor of the schedule', ko: '일정 배율' },
  'optionHint.lr_schedule_gamma': {
    en: 'What the rate is multiplied by at each of those epochs.',
    ko: '일정에 적은 에포크마다 학습률에 곱하는 값입니다.',
  },
  'option.weight_decay': { en: 'Weight decay', ko: '가중치 감쇠' },
  'optionHint.weight_decay': {
    en: 'Pulls weights towards 0, against overfitting.',
    ko: '과적합을 막도록 가중치를 0 쪽으로 당깁니다.',
  },
  'option.train_bs': { en: 'Batch', ko: '배치 크기' },
  'optionHint.train_bs': {
    en: 'Images of one step; made smaller by itself where memory is short.',
    ko: '한 단계에 쓰는 이미지 수입니다. 메모리가 부족하면 자동으로 줄입니다.',
  },
  'option.input_resolution': { en: 'Resolution', ko: '해상도' },
  'optionHint.input_resolution': {
    en: 'Side in pixels that the network learns at.',
    ko: '학습할 이미지의 한 변 크기(픽셀)입니다.',
  },
  'option.flip': { en: 'Mirror', ko: '좌우 반전' },
  'optionHint.flip': {
    en: 'Also learns from mirrored faces, with left and right parts swapped.',
    ko: '좌우를 뒤집은 얼굴로도 학습합니다. 왼쪽/오른쪽 부위도 함께 바꿉니다.',
  },
  'option.rotation': { en: 'Rotation (°)', ko: '회전(°)' },
  'optionHint.rotation': {
    en: 'Spread of random turns, for faces that are not upright.',
    ko: '무작위로 돌리는 정도입니다. 기울어진 얼굴에 도움이 됩니다.',
  },
  'option.scale': { en: 'Scale', ko: '크기 변화' },
  'optionHint.scale': {
    en: 'Spread of random changes of size; 0.1 is about a tenth.',
    ko: '무작위로 크기를 바꾸는 정도입니다. 0.1이면 약 10 %입니다.',
  },
  'option.colour': { en: 'Colour', ko: '색 변화' },
  'optionHint.colour': {
    en: 'Changes of light, contrast and colour, and noise, from 0 to 1.',
    ko: '밝기, 대비, 색을 바꾸고 노이즈를 더하는 정도입니다(0~1).',
  },
  'option.ema': { en: 'Averaged weights', ko: '가중치 평균(EMA)' },
  'optionHint.ema': {
    en: 'Decay of the running mean of the weights, which is steadier than the last step; 0 for none.',
    ko: '마지막 단계보다 안정적인 가중치 이동 평균의 감쇠율입니다. 0이면 쓰지 않습니다.',
  },
  'option.dice_present': { en: 'Count present parts only', ko: '있는 부위만 계산' },
  'optionHint.dice_present': {
    en: 'Dice loss over the parts that a batch holds, so that rare ones weigh as much as large ones.',
    ko: '배치에 있는 부위만 Dice 손실에 넣어, 드문 부위도 큰 부위만큼 반영합니다.',
  },
  'option.repeat_rare': { en: 'Repeat rare parts', ko: '드문 부위 반복' },
  'optionHint.repeat_rare': {
    en: 'Images with rare parts, such as hats and earrings, come up more often.',
    ko: '모자, 귀걸이처럼 드문 부위가 있는 이미지를 더 자주 학습합니다.',
  },
  'option.adapt_norms': { en: 'Adapt to the photos first', ko: '사진에 먼저 맞추기' },
  'optionHint.adapt_norms': {
    en: 'How far batch norms move to the statistics of the new photos before the first step: 0 not at all, 1 all the way.',
    ko: '학습 전에 배치 정규화 통계를 새 사진에 맞추는 정도입니다. 0이면 그대로 두고, 1이면 완전히 맞춥니다.',
  },
  'option.preserve': { en: 'Keep what it knew', ko: '기존 지식 유지' },
  'optionHint.preserve': {
    en: 'Replay mixes in other faces with the answers of the base model.',
    ko: '리플레이는 다른 얼굴을 기반 모델의 답과 함께 섞어 학습합니다.',
  },
  'option.seed': { en: 'Seed', ko: '난수 시드' },
  'optionHint.seed': {
    en: 'The same seed and settings give the same model.',
    ko: '시드와 설정이 같으면 같은 모델이 나옵니다.',
  },
}

const STATES: Readonly<Record<`run.${RunState}`, Entry>> = {
  'run.preparing': { en: 'Preparing', ko: '준비 중' },
  'run.running': { en: 'Training', ko: '학습 중' },
  'run.paused': { en: 'Paused', ko: '일시정지됨' },
  'run.interrupted': { en: 'Interrupted', ko: '중단됨' },
  'run.done': { en: 'Done', ko: '완료' },
  'run.cancelled': { en: 'Cancelled', ko: '취소됨' },
  'run.failed': { en: 'Failed', ko: '실패' },
}

const PHASES: Readonly<Record<`phase.${TrainingProgress['phase']}`, Entry>> = {
  'phase.preparing': { en: 'Building the training graph', ko: '학습 그래프를 만드는 중' },
  'phase.training': { en: 'Learning', ko: '학습하는 중' },
  'phase.validating': { en: 'Validating', ko: '검증하는 중' },
  'phase.saving': { en: 'Saving', ko: '저장하는 중' },
}

const SCOPES: Readonly<Record<`scope.${Scope}`, Entry>> = {
  'scope.decoder': { en: 'Decoder', ko: '디코더' },
  'scope.full': { en: 'Full', ko: '전체' },
}

export const TRAINING = {
  ...OPTIONS,
  ...STATES,
  ...PHASES,
  ...SCOPES,
  'phase.images': { en: 'Preparing the images: {n} of {total}', ko: '이미지 준비 중: {n} / {total}' },
  'time.seconds': { en: '{s} s', ko: '{s}초' },
  'time.minutes': { en: '{m} min {s} s', ko: '{m}분 {s}초' },
  'time.hours': { en: '{h} h {m} min', ko: '{h}시간 {m}분' },
  'class.background': { en: 'Background', ko: '배경' },

  'train.title': { en: 'Train', ko: '학습' },
  'train.open': { en: 'Train a model on your corrections', ko: '수정한 결과로 모델 학습' },
  'train.back': { en: 'Back to the images', ko: '이미지로 돌아가기' },
  'train.new': { en: 'New run', ko: '새 학습' },
  'train.runs': { en: 'Runs', ko: '학습 기록' },
  'train.noRuns': { en: 'What you train is listed here.', ko: '학습한 기록이 여기에 표시됩니다.' },
  'train.intro': {
    en: 'The model learns from the faces you corrected, on this computer. You can go on correcting meanwhile.',
    ko: '수정한 얼굴로 이 컴퓨터에서 모델을 학습합니다. 학습하는 동안에도 계속 작업할 수 있습니다.',
  },
  'train.name': { en: 'Name of the new model', ko: '새 모델 이름' },
  'train.nameTaken': {
    en: 'A run or a model named “{name}” is here already; choose another name.',
    ko: '이름이 “{name}”인 학습 기록이나 모델이 이미 있습니다. 다른 이름을 입력하세요.',
  },
  'train.base': { en: 'Start from', ko: '기반 모델' },
  'train.baseAuto': { en: 'Recommended: {name}', ko: '권장: {name}' },
  'train.baseAutoUnknown': { en: 'Recommended', ko: '권장' },
  'train.fromElsewhere': {
    en: '{name}, which predicts here, learned from another folder. Starting from it keeps what it knows of those photos; to learn from both alike, put them into one folder and start from the base model.',
    ko: '여기서 예측하는 {name} 모델은 다른 폴더에서 학습했습니다. 여기서 시작하면 그 사진에서 배운 것을 이어 갑니다. 두 쪽을 고르게 배우려면 사진을 한 폴더에 모아 기반 모델에서 시작하세요.',
  },
  'train.advice': {
    en: 'Always start again from the base model, with all your corrections: a model trained on top of a trained one forgets, and inherits its mistakes.',
    ko: '항상 기반 모델에서 다시 시작해 지금까지 수정한 이미지 전부로 학습하세요. 이미 학습한 모델에 이어서 학습하면 전에 배운 것을 잊고 실수도 물려받습니다.',
  },
  'train.chained': {
    en: '{name} was itself trained from {root}. Better start from {root} again, with all your corrections.',
    ko: '{name} 모델은 {root}에서 학습한 모델입니다. {root}에서 다시 시작해 수정한 이미지 전부로 학습하는 편이 좋습니다.',
  },
  'train.on': { en: 'Learn from', ko: '학습할 이미지' },
  'train.on.corrected': { en: 'Corrected', ko: '수정한 것' },
  'train.on.accepted': { en: 'Accepted', ko: '승인한 것' },
  'train.on.shown': { en: 'Shown in the list', ko: '목록에 보이는 것' },
  'train.onHint.corrected': {
    en: 'Every image that you worked on, accepted or not.',
    ko: '승인 여부와 상관없이 직접 작업한 모든 이미지입니다.',
  },
  'train.onHint.accepted': {
    en: 'It learns only from images that you accepted. Images put aside for validation earlier still judge it.',
    ko: '승인한 이미지만 학습합니다. 전에 검증용으로 정해진 이미지는 승인하지 않았어도 검증에 씁니다.',
  },
  'train.onHint.shown': {
    en: '{n|image|images} that the list shows by its search and filters.',
    ko: '검색과 필터로 목록에 보이는 이미지 {n}장입니다.',
  },
  'train.replay': { en: 'Ordinary photos to mix in (optional)', ko: '함께 섞을 일반 사진 폴더 (선택)' },
  'train.replayHint': {
    en: 'A folder of photos, without masks, that the model does well on today. With its own answers they keep it from forgetting, and where your photos are of a new kind it learns more from few.',
    ko: '지금 모델이 잘 처리하는 사진 폴더입니다. 마스크는 필요 없습니다. 모델의 답과 함께 섞으면 알던 것을 덜 잊고, 새로운 종류의 사진을 적은 수로도 더 잘 배웁니다.',
  },
  'train.learned': { en: 'to learn from', ko: '학습' },
  'train.validated': { en: 'to validate on', ko: '검증' },
  'train.golden': { en: 'golden, for the comparison', ko: '골든, 비교용' },
  'train.splitHint': {
    en: 'An image never moves from validation to training, and golden faces are never trained on.',
    ko: '검증용 이미지는 학습용으로 바뀌지 않으며, 골든 이미지는 학습에 쓰지 않습니다.',
  },
  'train.noVal': {
    en: 'Without validation images nothing tells when the model gets better; correct a few more.',
    ko: '검증용 이미지가 없으면 모델이 나아지는지 알 수 없습니다. 몇 장 더 수정하세요.',
  },
  'train.none': {
    en: 'Nothing to learn from yet: correct or accept some faces first.',
    ko: '아직 학습할 이미지가 없습니다. 먼저 얼굴을 몇 장 수정하거나 승인하세요.',
  },
  'train.allAside': {
    en: 'Nothing to learn from: {n|image is|images are} put aside for validation, and none is left to train on. Correct or accept more.',
    ko: '학습할 이미지가 없습니다. 이미지 {n}장은 검증용이라 학습에 쓰지 않습니다. 몇 장 더 수정하거나 승인하세요.',
  },
  'train.noneShown': {
    en: 'The list shows no images, so there is nothing to learn from: change its search or its filters.',
    ko: '목록에 보이는 이미지가 없어 학습할 것이 없습니다. 검색어나 필터를 바꾸세요.',
  },
  'train.parts': { en: 'Examples of each part', ko: '부위별 예시 수' },
  'train.partCount': { en: '{part}: {n|example|examples}', ko: '{part}: 예시 {n}개' },
  'train.few': { en: 'fewer than five', ko: '5개 미만' },
  'train.fewHint': {
    en: 'Fewer than five examples, so hardly learned: {parts}.',
    ko: '예시가 5개 미만이라 제대로 학습하기 어려운 부위: {parts}.',
  },
  'train.absentHint': {
    en: 'No examples, so the model may unlearn what it knows of them: {parts}.',
    ko: '예시가 없어 모델이 알던 것을 잊을 수 있는 부위: {parts}.',
  },
  'train.notes': { en: 'What Facet chose, and why', ko: '자동으로 정한 설정과 이유' },
  'train.asking': { en: 'Looking at the images…', ko: '이미지를 살펴보는 중…' },
  'train.time': { en: 'Takes about {time}', ko: '예상 시간 약 {time}' },
  'train.timeUnknown': {
    en: 'How long it takes is known after the first steps.',
    ko: '걸리는 시간은 첫 몇 단계 후에 알 수 있습니다.',
  },
  'train.start': { en: 'Train', ko: '학습 시작' },
  'train.busy': {
    en: '{name} is training; one run at a time.',
    ko: '{name} 학습이 진행 중입니다. 한 번에 하나만 학습할 수 있습니다.',
  },
  'train.more': { en: 'More options', ko: '추가 설정' },
  'train.wrong': { en: 'Not possible as typed: {options}', ko: '입력한 값을 고쳐야 하는 항목: {options}' },
  'train.automatic': { en: 'Automatic', ko: '자동' },
  'train.automaticIs': { en: 'Automatic: {value}', ko: '자동: {value}' },
  'train.never': { en: 'none', ko: '없음' },
  'train.on.yes': { en: 'on', ko: '켬' },
  'train.on.no': { en: 'off', ko: '끔' },
  'train.smooth': { en: 'smoothly to 0', ko: '0까지 서서히' },
  'options.course': { en: 'Course', ko: '진행' },
  'options.rate': { en: 'Steps', ko: '학습률' },
  'options.pictures': { en: 'Pictures', ko: '이미지' },
  'options.balance': { en: 'Balance', ko: '균형' },
  'train.reset': { en: 'Back to automatic', ko: '모두 자동으로' },
  'train.changed': { en: '{n} set by you', ko: '직접 정한 항목 {n}개' },
  'train.wholeOutOf': { en: 'A whole number from {min} to {max}', ko: '{min}~{max} 사이 정수' },
  'train.outOf': { en: 'From {min} to {max}', ko: '{min}~{max} 사이 값' },
  'train.badList': {
    en: 'Whole numbers with commas, such as 80, 200',
    ko: '쉼표로 구분한 정수(예: 80, 200)',
  },
  'preserve.none': { en: 'None', ko: '안 함' },
  'preserve.replay': { en: 'Replay', ko: '리플레이' },

  'run.epoch': { en: 'Epoch {n} of {total}', ko: '에포크 {n} / {total}' },
  'run.step': { en: 'step {n} of {total}', ko: '단계 {n} / {total}' },
  'run.loss': { en: 'loss {loss}', ko: '손실 {loss}' },
  'run.left': { en: '{time} left', ko: '{time} 남음' },
  'run.best': { en: 'best', ko: '최고' },
  'run.bestScore': { en: 'Best mean F1 {score}, epoch {n}', ko: '최고 평균 F1 {score}, 에포크 {n}' },
  'run.notAbove': {
    en: 'not better than the base model ({score})',
    ko: '기반 모델({score})보다 낫지 않음',
  },
  'run.keptMark': { en: 'kept', ko: '남김' },
  'run.images': { en: '{train} + {val} images', ko: '이미지 {train} + {val}장' },
  'run.took': { en: 'took {time}', ko: '{time} 걸림' },
  'run.soFar': { en: '{time} so far', ko: '지금까지 {time}' },
  'run.started': { en: 'Started', ko: '시작' },
  'run.learned': { en: 'Learned from', ko: '학습 이미지' },
  'run.validated': { en: 'Validated on', ko: '검증 이미지' },
  'run.imageCount': { en: '{n|image|images}', ko: '{n}장' },
  'run.pause': { en: 'Pause', ko: '일시정지' },
  'run.resume': { en: 'Resume', ko: '이어서 학습' },
  'run.cancel': { en: 'Stop, keep the best', ko: '중지하고 저장' },
  'run.cancelHint': {
    en: 'Stops and makes a model of the best so far',
    ko: '학습을 멈추고 지금까지 가장 좋은 결과로 모델을 만듭니다',
  },
  'run.kept': {
    en: 'Stopped early; the best so far, epoch {n}, became the model {name}.',
    ko: '중간에 멈추었습니다. 가장 좋았던 에포크 {n}의 결과가 {name} 모델이 되었습니다.',
  },
  'run.keptUnscored': {
    en: 'Stopped before an epoch was scored; the weights as they stood at epoch {n} became the model {name}.',
    ko: '에포크의 점수를 매기기 전에 멈추었습니다. 에포크 {n} 시점의 가중치가 {name} 모델이 되었습니다.',
  },
  'run.timeUp': {
    en: 'The time limit of {time} ended it in epoch {n} of {total}.',
    ko: '제한 시간({time})이 지나 에포크 {n} / {total}에서 끝났습니다.',
  },
  'run.stalled': {
    en: 'It stopped early, after epoch {n} of {total}: validation had not risen for {patience|epoch|epochs}.',
    ko: '검증 점수가 에포크 {patience}번 동안 오르지 않아 에포크 {n} / {total}에서 조기 종료했습니다.',
  },
  'run.nothing': {
    en: 'Stopped before there was anything to keep.',
    ko: '남길 결과가 나오기 전에 멈추었습니다.',
  },
  'run.interruptedHint': {
    en: 'Facet ended while it trained. It goes on from its last checkpoint.',
    ko: '학습 중에 Facet이 종료되었습니다. 마지막 저장 지점부터 이어집니다.',
  },
  'run.pausedHint': {
    en: 'Its memory is free; it goes on from where it was.',
    ko: '메모리를 비워 두었으며, 멈춘 곳부터 이어집니다.',
  },
  'run.background': {
    en: 'You can close this page and go on correcting; the line below shows how far it is.',
    ko: '이 화면을 닫고 계속 수정해도 됩니다. 진행 상황은 맨 아래 줄에 표시됩니다.',
  },
  'run.delete': { en: 'Delete this run', ko: '이 기록 삭제' },
  'run.deleteHint': {
    en: 'Deletes the run and its curves; the model that came of it stays.',
    ko: '기록과 곡선을 삭제합니다. 만들어진 모델은 그대로 남습니다.',
  },
  'run.model': { en: 'Show the model {name}', ko: '{name} 모델 보기' },
  'run.modelGone': { en: 'Its model was deleted', ko: '만든 모델은 삭제됨' },
  'run.status': { en: '{name}: {percent}', ko: '{name} 학습 {percent}' },
  'run.statusTip': { en: 'Training: open its curves', ko: '학습 중: 곡선 열기' },
  'run.finished': { en: '{name} is trained', ko: '{name} 학습이 끝났습니다' },
  'run.finishedHint': {
    en: 'Compare it with the model in use on the Train page.',
    ko: '학습 화면에서 사용 중인 모델과 비교해 보세요.',
  },
  'run.failedTitle': { en: 'The training of {name} failed', ko: '{name} 학습에 실패했습니다' },

  'tab.curves': { en: 'Curves', ko: '곡선' },
  'tab.gate': { en: 'Compare', ko: '비교' },
  'tab.notYet': {
    en: 'Compared once it has made a model.',
    ko: '모델이 만들어지면 비교할 수 있습니다.',
  },
  'tab.noModel': { en: 'It made no model to compare.', ko: '만들어진 모델이 없어 비교할 수 없습니다.' },
  'tab.modelGone': {
    en: 'Its model was deleted, so there is nothing to compare.',
    ko: '모델이 삭제되어 비교할 수 없습니다.',
  },
  'tab.settings': { en: 'Settings', ko: '설정' },

  'curve.loss': { en: 'Loss', ko: '손실' },
  'curve.total': { en: 'mean of the epoch', ko: '에포크 평균' },
  'curve.steps': { en: 'steps', ko: '단계' },
  'curve.f1': { en: 'Validation mean F1', ko: '검증 평균 F1' },
  'curve.mean': { en: 'mean of the parts', ko: '부위 평균' },
  'curve.base': { en: 'base model', ko: '기반 모델' },
  'curve.parts': { en: 'Validation F1 of each part', ko: '부위별 검증 F1' },
  'curve.partsHint': {
    en: 'From 0 to 1; the dotted line is the base model.',
    ko: '0~1 범위이며 점선은 기반 모델입니다.',
  },
  'curve.sides': {
    en: 'All scores here, the base model’s too, are measured at {scored} px, where this run learns. The base model itself works at {own} px, and Compare scores it so: scores there are not comparable with these.',
    ko: '여기 점수는 기반 모델의 점수까지 모두 이 학습의 해상도인 {scored}픽셀에서 잰 것입니다. 기반 모델은 본래 {own}픽셀로 쓰이고 비교 화면에서도 그렇게 평가하므로, 두 화면의 점수는 서로 견줄 수 없습니다.',
  },
  'curve.lossText': {
    en: 'From {first} in the first epoch to {last} in the latest, number {n}.',
    ko: '첫 에포크 {first}에서 최근 {n}번째 에포크 {last}까지의 손실입니다.',
  },
  'curve.f1Text': {
    en: 'From {first} before training to {last} after epoch {n}.',
    ko: '학습 전 {first}에서 에포크 {n} 이후 {last}까지의 점수입니다.',
  },
  'curve.partText': {
    en: '{part}: F1 {first} before training, {last} now',
    ko: '{part}: 학습 전 F1 {first}, 현재 {last}',
  },
  'curve.waiting': { en: 'The curves begin with the first steps.', ko: '첫 단계부터 곡선이 그려집니다.' },
  'curve.never': {
    en: 'It ended before its first step, so there are no curves.',
    ko: '첫 단계 전에 끝나 곡선이 없습니다.',
  },
  'curve.noVal': {
    en: 'No validation images, so no scores.',
    ko: '검증용 이미지가 없어 점수가 없습니다.',
  },

  'watch.title': { en: 'Watch it learn', ko: '학습 과정 보기' },
  'watch.epoch': { en: 'Epoch {n}', ko: '에포크 {n}' },
  'watch.before': { en: 'Before training', ko: '학습 전' },
  'watch.slider': { en: 'Epoch to look at', ko: '볼 에포크' },
  'watch.follow': { en: 'Follow the newest', ko: '최신 에포크 따라가기' },
  'watch.truth': { en: 'Your masks', ko: '내 마스크' },
  'watch.photo': { en: 'Photo', ko: '사진' },
  'watch.hold': { en: 'Seen for as long as you hold it', ko: '누르고 있는 동안 보입니다' },
  'watch.face': { en: '{name} after epoch {n}', ko: '에포크 {n} 이후의 {name}' },
  'watch.none': {
    en: 'The same few faces are predicted again after each epoch.',
    ko: '에포크마다 같은 얼굴 몇 장을 다시 예측해 보여 줍니다.',
  },
  'watch.never': { en: 'It ended before any face was predicted.', ko: '얼굴을 예측하기 전에 끝났습니다.' },
  'watch.open': { en: 'Open {name}', ko: '{name} 열기' },

  'gate.comparing': {
    en: 'Scoring both models on the same faces: {done} of {total}',
    ko: '두 모델을 같은 얼굴에서 평가하는 중: {done} / {total}',
  },
  'gate.preparing': {
    en: 'Scoring both models on the same faces…',
    ko: '두 모델을 같은 얼굴에서 평가하는 중…',
  },
  'gate.again': { en: 'Compare again', ko: '다시 비교' },
  'gate.better': {
    en: 'Better, and no part got worse.',
    ko: '점수가 올랐고, 나빠진 부위가 없습니다.',
  },
  'gate.mixed': {
    en: 'Better on the whole, but {n|part|parts} got worse.',
    ko: '전체 점수는 올랐지만 부위 {n}개가 나빠졌습니다.',
  },
  'gate.worse': { en: 'Not better than the model in use.', ko: '사용 중인 모델보다 낫지 않습니다.' },
  'gate.unscored': {
    en: 'There are no validation or golden faces to compare on. Pin some faces as golden, or correct more.',
    ko: '비교할 검증용 또는 골든 얼굴이 없습니다. 골든 얼굴을 지정하거나 더 수정하세요.',
  },
  'gate.notAbove': { en: 'Not better than {name}.', ko: '{name}보다 낫지 않습니다.' },
  'gate.val': { en: 'Validation', ko: '검증' },
  'gate.goldenSet': { en: 'Golden', ko: '골든' },
  'gate.faces': { en: '{n|face|faces}', ko: '얼굴 {n}장' },
  'gate.meanF1': { en: 'Mean F1', ko: '평균 F1' },
  'gate.part': { en: 'Part', ko: '부위' },
  'gate.take': { en: 'Take', ko: '적용' },
  'gate.takePart': { en: 'Take {part} from the new model', ko: '{part}에 새 모델 적용' },
  'gate.before': { en: 'before', ko: '이전' },
  'gate.now': { en: 'now', ko: '현재' },
  'gate.new': { en: 'new', ko: '새 모델' },
  'gate.change': { en: 'change', ko: '변화' },
  'gate.invented': { en: 'invented', ko: '오검출' },
  'gate.inventedHint': {
    en: 'None of these faces shows it, but the new model finds it.',
    ko: '이 얼굴들에 없는 부위인데 새 모델은 있다고 예측합니다.',
  },
  'gate.cleared': { en: 'invented no more', ko: '오검출 해소' },
  'gate.clearedHint': {
    en: 'None of these faces shows it; the model in use finds it all the same, the new one does not.',
    ko: '이 얼굴들에 없는 부위입니다. 현재 모델은 있다고 예측하지만 새 모델은 그러지 않습니다.',
  },
  'gate.examples': { en: 'Where it got worse', ko: '나빠진 얼굴' },
  'gate.promote': { en: 'Use the new model', ko: '새 모델 사용' },
  'gate.keep': { en: 'Keep it aside', ko: '보관만 하기' },
  'gate.some': { en: 'Take only some parts', ko: '일부 부위만 적용' },
  'gate.someStart': { en: 'Take {n|part|parts}', ko: '부위 {n}개만 적용' },
  'gate.someHint': {
    en: 'Makes a third model: the ticked parts by the new one, all else by the one in use.',
    ko: '세 번째 모델을 만듭니다. 선택한 부위는 새 모델이, 나머지는 사용 중인 모델이 예측합니다.',
  },
  'gate.unmixable': {
    en: 'Only models of the same resolution can be mixed.',
    ko: '해상도가 같은 모델끼리만 조합할 수 있습니다.',
  },
  'gate.mixName': { en: '{name} ({n|part|parts})', ko: '{name}(부위 {n}개)' },
  'gate.promoted': { en: '{name} predicts from now on', ko: '이제 {name} 모델이 예측합니다' },
  'gate.promotedHint': {
    en: 'Images that only a model has touched are predicted again; what you corrected or accepted stays.',
    ko: '모델만 작업한 이미지는 다시 예측됩니다. 직접 수정하거나 승인한 결과는 그대로 유지됩니다.',
  },
  'gate.kept': { en: '{name} is kept among the models', ko: '{name} 모델을 보관했습니다' },
  'gate.inUse': { en: 'This model is in use.', ko: '사용 중인 모델입니다.' },
  'confusion.title': { en: 'What the new model takes for what', ko: '새 모델이 혼동하는 부위' },
  'confusion.hint': {
    en: 'Each row: what became of the pixels of a part. Point at a square, or use the arrow keys.',
    ko: '한 줄은 한 부위의 픽셀이 무엇으로 예측되었는지 보여 줍니다. 칸을 가리키거나 화살표 키를 사용하세요.',
  },
  'confusion.right': { en: '{truth}: {share} found.', ko: '{truth}: {share} 맞음.' },
  'confusion.wrong': {
    en: '{truth}: {share} taken for {taken}.',
    ko: '{truth}: {share}를 {taken}(으)로 예측.',
  },
  'confusion.absent': { en: '{truth} is not in these faces.', ko: '이 얼굴들에는 {truth}이(가) 없습니다.' },

  'check.title': { en: 'Checked', ko: '확인함' },
  'check.toggle': { en: 'Whole image checked, or only ticked parts', ko: '전체 확인 / 표시한 부위만 확인' },
  'check.hint': {
    en: 'Training counts what you checked. If you looked at some parts only, tick those: elsewhere it learns only that they are not there.',
    ko: '학습에는 확인한 부분만 반영됩니다. 일부 부위만 살펴봤다면 그 부위에만 표시하세요. 나머지에서는 그 부위가 없다는 것만 학습합니다.',
  },
  'check.whole': { en: 'All of it', ko: '전체' },
  'check.some': { en: 'Some parts', ko: '일부 부위' },
  'check.ticked': { en: '{n|part|parts}', ko: '부위 {n}개' },
  'check.part': { en: '{part} is checked', ko: '{part} 확인함' },
  'check.selected': { en: 'Tick the selected part as checked', ko: '선택한 부위를 확인함으로 표시' },
  'golden.pin': { en: 'Pin as golden face', ko: '골든 얼굴로 지정' },
  'golden.unpin': { en: 'Take the golden pin off', ko: '골든 얼굴 해제' },
  'golden.mark': { en: 'Golden', ko: '골든' },
  'golden.hint': {
    en: 'Golden faces are never trained on; each new model is compared on them.',
    ko: '골든 얼굴은 학습에 쓰지 않으며, 새 모델을 비교할 때 사용합니다.',
  },
} as const satisfies Readonly<Record<string, Entry>>
