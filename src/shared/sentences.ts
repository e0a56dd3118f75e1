/**
 * @file The sentences in which a training run says what was chosen for it and what happened, an export or a comparison what it
 * left out, an import what to beware of, the page of this computer what came of its trials, and the errors that people meet
 * most, in the window's languages. notes.ts makes and says them.
 */
import type { Entry } from './languages'

export const NOTES = {
  nothingToLearn: {
    en: 'There is nothing to learn from: correct or accept some images first.',
    ko: '학습할 것이 없습니다. 먼저 이미지를 몇 장 수정하거나 승인하세요.',
  },
  noneToTrain: {
    en: 'There is nothing to learn from: {val} faces are for validation, {test} for test, and none is left for training. Add some, or give some the split train.',
    ko: '학습할 것이 없습니다. 얼굴 {val}장은 검증용, {test}장은 테스트용이고 학습용은 없습니다. 얼굴을 더하거나 일부를 학습용(train)으로 바꾸세요.',
  },
  noneOfKind: {
    en: 'There is nothing to learn from: of the {faces|face|faces} that could be learned from, none is of the kind that was asked for ({only}). Ask for others (--only), or correct or accept some.',
    ko: '학습할 것이 없습니다. 학습할 수 있는 얼굴 {faces}장 중 고른 대상({only})에 해당하는 얼굴이 없습니다. 대상을 바꾸거나(--only) 몇 장을 수정하거나 승인하세요.',
  },
  noneLeftToTrain: {
    en: 'None of the {faces} faces to learn from can be read. The first, {image}: {why}',
    ko: '학습용 얼굴 {faces}장을 모두 읽을 수 없습니다. 첫 얼굴 {image}: {why}',
  },
  fewExamples: {
    en: 'Few examples of {parts}: a part needs five or more.',
    ko: '예시가 적은 부위: {parts}. 부위마다 다섯 장 이상 필요합니다.',
  },
  noExamples: {
    en: 'No examples of {parts}: the model may unlearn what it knows of them.',
    ko: '예시가 없는 부위: {parts}. 모델이 이 부위에 대해 알던 것을 잊을 수 있습니다.',
  },
  freshLearnsAll: {
    en: 'Every weight learns, since a fresh network knows nothing yet.',
    ko: '새 네트워크는 아직 아는 것이 없으므로 모든 가중치를 학습합니다.',
  },
  allLearn: {
    en: 'Every weight learns: a new kind of photo needs it, 20 faces then teach more than 240 teach the decoder alone.',
    ko: '모든 가중치를 학습합니다. 새로운 종류의 사진에는 이렇게 해야 하며, 얼굴 20장으로도 디코더만 240장으로 학습한 것보다 많이 배웁니다.',
  },
  onlyDecoder: {
    en: 'Only the decoder learns: the whole network would take {needed}, and the limit is {limit}.',
    ko: '디코더만 학습합니다. 전체를 학습하면 {needed}이(가) 걸리는데 제한 시간은 {limit}입니다.',
  },
  passes: {
    en: '{epochs|pass|passes} over {images|image|images}, {steps|step|steps} of {batch}, which so many faces of a new kind need.',
    ko: '이미지 {images}장을 {epochs}번 돌며, {batch}장씩 {steps}단계를 학습합니다. 새로운 종류의 얼굴이 이만큼일 때 필요한 만큼입니다.',
  },
  gammaAlone: {
    en: 'lr_schedule_gamma has no effect without lr_schedule: the rate follows a cosine.',
    ko: 'lr_schedule이 없으면 lr_schedule_gamma는 쓰이지 않습니다. 학습률은 코사인을 따릅니다.',
  },
  noValidation: {
    en: 'There are no validation faces, so the last weights are kept.',
    ko: '검증용 얼굴이 없어 마지막 가중치를 남깁니다.',
  },
  fewValidation: {
    en: '{faces|validation face is|validation faces are} too few to stop early by; the best of all passes is kept.',
    ko: '검증용 얼굴이 {faces}장뿐이라 조기 종료에는 쓰지 않고, 가장 좋았던 결과를 남깁니다.',
  },
  patience: {
    en: 'It stops when validation mean F1 has not risen for {passes|pass|passes}.',
    ko: '검증 평균 F1이 {passes}번 도는 동안 오르지 않으면 멈춥니다.',
  },
  noRoomToReplay: {
    en: 'A step of one face has no room for another that could keep the model from forgetting.',
    ko: '한 번에 한 장씩 학습하므로 알던 것을 지켜 줄 다른 얼굴을 섞을 수 없습니다.',
  },
  nothingToReplay: {
    en: 'There are no other faces that could keep the model from forgetting, so nothing does.',
    ko: '알던 것을 지켜 줄 다른 얼굴이 없어, 알던 것을 잊을 수 있습니다.',
  },
  noOtherFaces: {
    en: '{root} holds no pictures that could be learned beside the new ones (jpg, png, webp, bmp, tiff); name another folder, or none.',
    ko: '{root} 폴더에 새 이미지와 함께 학습할 사진(jpg, png, webp, bmp, tiff)이 없습니다. 다른 폴더를 고르거나 비워 두세요.',
  },
  anotherInWork: {
    en: 'Another training is in work; pause it, or wait for its end.',
    ko: '다른 학습이 진행 중입니다. 일시정지하거나 끝날 때까지 기다리세요.',
  },
  notInWork: {
    en: "The training of '{name}' is not in work here.",
    ko: '{name} 학습은 여기에서 진행 중이 아닙니다.',
  },
  endedAlready: {
    en: "The training of '{name}' has ended already.",
    ko: '{name} 학습은 이미 끝났습니다.',
  },
  stoppedUnready: {
    en: 'It was stopped before its faces were ready; start it anew.',
    ko: '얼굴 준비가 끝나기 전에 멈추었습니다. 새로 시작하세요.',
  },
  replays: {
    en: "{faces} other faces come up among the new ones with the base model's answers, so that it forgets less (replay).",
    ko: '다른 얼굴 {faces}장을 기반 모델의 답과 함께 새 얼굴 사이에 섞어, 알던 것을 덜 잊게 합니다(리플레이).',
  },
  someScored: {
    en: 'Of {all} validation faces, {scored} are scored.',
    ko: '검증용 얼굴 {all}장 중 {scored}장으로 점수를 매깁니다.',
  },
  onlyPredicted: {
    en: '{predicted} of {images} images hold only what a model predicted; learning from them teaches its mistakes, too.',
    ko: '이미지 {images}장 중 {predicted}장에는 모델이 예측한 것뿐이라, 모델의 실수도 함께 배우게 됩니다.',
  },
  trainedHere: {
    en: '{model} was trained on this dataset already; starting again from {base} with all corrections usually ends better.',
    ko: '{model} 모델은 이미 이 데이터로 학습했습니다. 수정한 이미지 전부로 {base}에서 다시 시작하는 편이 보통 더 좋습니다.',
  },
  startsFromRoot: {
    en: "It starts from {base}, which {model} was trained from: always from the base with all corrections, so that no run's mistakes are learned on.",
    ko: '{model} 모델의 바탕인 {base}에서 시작합니다. 앞선 학습의 실수를 물려받지 않도록 항상 기반 모델에서 수정한 이미지 전부로 학습합니다.',
  },
  freshNetwork: {
    en: '{named} is a fresh network here, although a stored model is called that, too; to begin with that model, name it {model}.',
    ko: '저장된 모델도 {named}(이)라고 하지만 여기에서는 새 네트워크를 뜻합니다. 그 모델에서 시작하려면 {model}(으)로 지정하세요.',
  },
  imported: {
    en: '{file} is now the model {model} of the registry.',
    ko: '{file} 파일을 {model} 모델로 등록했습니다.',
  },
  // Before leftOut, whose pattern fits these, too.
  checkedInPart: {
    en: 'Only {parts} of it was checked, which an export cannot say, so it was left out: check the rest, or export all.',
    ko: '{parts} 부위만 확인했는데 내보낸 데이터에는 이를 적을 수 없어 제외했습니다. 나머지를 확인하거나 전체를 내보내세요.',
  },
  nothingChecked: {
    en: 'No part of it is checked, so it was left out: check it, or export all.',
    ko: '확인한 부위가 없어 제외했습니다. 확인하거나 전체를 내보내세요.',
  },
  uncheckedRest: {
    en: "Only {parts} of it was checked, which SegFace's own dataset cannot say: check the rest.",
    ko: '{parts} 부위만 확인했는데 SegFace의 데이터에는 이를 적을 수 없습니다. 나머지를 확인하세요.',
  },
  uncheckedFace: { en: 'No part of it is checked: check it.', ko: '확인한 부위가 없습니다. 확인하세요.' },
  noneToExport: {
    en: 'No image is of the kind that was asked for ({only}), so nothing is exported; {out} is as it was.',
    ko: '고른 대상({only})에 해당하는 이미지가 없어 내보내지 않았습니다. {out}은(는) 그대로입니다.',
  },
  allLeftOut: {
    en: 'Every image would be left out, so nothing is exported and {out} is as it was. The first, {image}: {why}',
    ko: '모든 이미지가 제외되어 내보내지 않았습니다. {out}은(는) 그대로입니다. 첫 이미지 {image}: {why}',
  },
  photoGone: {
    en: 'Its photo is not in the folder any more, so it was left out; its masks are kept for when it is back.',
    ko: '사진이 폴더에 없어 제외했습니다. 마스크는 보관하므로 사진이 돌아오면 다시 쓸 수 있습니다.',
  },
  photosGone: {
    en: 'Its photo and {others} more are not in the folder any more, so they were left out; their masks are kept for when they are back.',
    ko: '이 사진과 다른 {others}장이 폴더에 없어 제외했습니다. 마스크는 보관하므로 사진이 돌아오면 다시 쓸 수 있습니다.',
  },
  leftOpen: {
    en: '{parts} counts as unchecked, because its mask could not be taken: draw it, and tick it as checked.',
    ko: '{parts} 부위는 마스크를 가져올 수 없어 확인하지 않은 것으로 둡니다. 직접 그린 뒤 확인으로 표시하세요.',
  },
  comparedOnNone: {
    en: 'Not compared on, since one of the two models learned from the very picture ({faces}): {images}',
    ko: '두 모델 중 하나가 바로 그 사진을 학습했으므로 비교에서 제외({faces}장): {images}',
  },
  replayTwins: {
    en: '{dropped} of the {faces} other faces are not mixed in (replay), since they are pictures that the run learns from, or that are kept for judging.',
    ko: '다른 얼굴 {faces}장 중 {dropped}장은 이 학습에 쓰거나 평가용으로 남겨 둔 사진과 같아 섞지 않습니다(리플레이).',
  },
  bestDamaged: {
    en: 'No model was made, since the best weights are damaged: {reason}',
    ko: '가장 좋은 가중치가 손상되어 모델을 만들지 못했습니다: {reason}',
  },
  valTwins: {
    en: 'Left out of validation, since the very same pictures are learned from ({faces}): {images}',
    ko: '같은 사진을 학습하므로 검증에서 제외({faces}장): {images}',
  },
  leftOut: { en: '{image} was left out: {why}', ko: '{image} 제외: {why}' },
  // Before ofDataset, whose pattern fits these, too.
  ofDatasetAlike: {
    en: 'In the dataset, {file} and {others} more: {message}',
    ko: '데이터셋의 {file} 외 {others}개: {message}',
  },
  ofDataset: { en: 'In the dataset, {file}: {message}', ko: '데이터셋의 {file}: {message}' },
  ofDatasetMore: {
    en: 'The dataset gives cause for {complaints|more complaint|more complaints}.',
    ko: '데이터셋에 문제가 {complaints}건 더 있습니다.',
  },
  predictsOnly: {
    en: '{chosen} predicts only; training runs on {provider}.',
    ko: '{chosen}에서는 예측만 할 수 있어 {provider}에서 학습합니다.',
  },
  goesOnWith: {
    en: 'Training with {failed} failed: {reason} It goes on from its last checkpoint with {provider}.',
    ko: '{failed}(으)로 학습하는 데 실패했습니다: {reason} 마지막 체크포인트부터 {provider}(으)로 계속합니다.',
  },
  lessMemory: {
    en: 'Memory does not suffice for {faces} faces of {pixels} pixels at once; it learns from {batch} of {resolution}.',
    ko: '메모리가 모자라 {pixels}픽셀 얼굴 {faces}장을 한 번에 학습할 수 없어, {resolution}픽셀 {batch}장씩 학습합니다.',
  },
  notANumber: {
    en: 'The loss was not a number after step {step}: it goes back to the last checkpoint and learns at {lr}.',
    ko: '{step}단계 뒤에 손실이 숫자가 아니게 되어, 마지막 체크포인트로 돌아가 학습률 {lr}(으)로 다시 학습합니다.',
  },
  noneBetter: {
    en: 'No epoch scored better on the validation faces than {base}: mean F1 {after}, before {before}.',
    ko: '검증용 얼굴에서 {base}보다 나은 에포크가 없습니다. 평균 F1 {after}, 학습 전 {before}.',
  },
  assumedSide: {
    en: "{model} is used at {side} pixels a side, as SegFace usually is: neither its file nor its name says what it was trained at. If that was another side, its masks are coarse or wrong: put that side at the end of its file's name ({example}) and take the file anew, or import it with facet model import --resolution.",
    ko: '{model} 모델은 SegFace에서 흔히 쓰는 한 변 {side}픽셀로 사용합니다. 파일에도 이름에도 학습한 크기가 적혀 있지 않습니다. 다른 크기로 학습했다면 마스크가 거칠거나 틀리므로, 파일 이름 끝에 크기를 붙여({example}) 그 파일을 다시 쓰거나 facet model import --resolution으로 가져오세요.',
  },
  looksWrong: {
    en: "{model} looks wrong on Facet's sample portrait: {reasons}. {advice}",
    ko: '{model} 모델이 Facet의 예시 사진에서 이상해 보입니다: {reasons}. {advice}',
  },
  checkOnnx: {
    en: 'Check its class order, colours and normalisation.',
    ko: '클래스 순서, 색상 순서, 정규화를 확인하세요.',
  },
  checkOrder: {
    en: 'Its classes may be in another order than published; look at its masks before you trust them.',
    ko: '클래스 순서가 공개된 것과 다를 수 있으니, 믿기 전에 마스크를 살펴보세요.',
  },
  findsNothing: { en: 'it finds nothing at all', ko: '아무것도 찾지 못합니다' },
  findsNoSkin: { en: 'it finds no skin', ko: '피부를 찾지 못합니다' },
  skinAtEdge: { en: 'it finds the skin at the edge', ko: '피부를 가장자리에서 찾습니다' },
  eyesSwapped: {
    en: 'its left eye is on the left of the picture, where the right one should be',
    ko: '왼쪽 눈이 오른쪽 눈이 있어야 할 사진 왼쪽에 있습니다',
  },
  lipsSwapped: { en: 'its upper lip lies below its lower lip', ko: '윗입술이 아랫입술보다 아래에 있습니다' },
  upsideDown: { en: 'its parts stand upside down', ko: '부위가 위아래로 뒤집혀 있습니다' },
  notUsedAnyMore: { en: '{reason} It is not used any more.', ko: '{reason} 이제 사용하지 않습니다.' },
  engineGivenUp: {
    en: 'The engine {how} twice while {what}; that job was given up.',
    ko: '엔진이 {what} 중에 두 번 멈춰({how}) 그 작업을 포기했습니다.',
  },
  engineRestarted: {
    en: 'The engine {how} and was started again; nothing that you stored is lost.',
    ko: '엔진이 멈춰({how}) 다시 시작했습니다. 저장한 것은 그대로입니다.',
  },
  notBuiltIn: {
    en: 'The provider {provider} is not part of this build of onnxruntime on {platform}; choose auto or cpu.',
    ko: '이 {platform}용 onnxruntime에는 {provider}이(가) 없습니다. 자동 또는 cpu를 선택하세요.',
  },
  cannotRun: {
    en: 'The provider {provider} cannot run this network here: {reason}',
    ko: '여기에서는 {provider}(으)로 이 네트워크를 실행할 수 없습니다: {reason}',
  },
  otherFolder: {
    en: 'Another window opened another folder, so nothing was done in {folder}; open it again to go on.',
    ko: '다른 창에서 다른 폴더를 열어 {folder}에는 아무 작업도 하지 않았습니다. 계속하려면 이 폴더를 다시 여세요.',
  },
  // Before trialDiffers, whose pattern fits these, too.
  onlyPredicts: {
    en: '{found}; it does not train: {reason}',
    ko: '{found}; 학습에는 쓰지 못합니다: {reason}',
  },
  trialDiffers: {
    en: '{operators} operators and the network differ from the processor by {worst} at most',
    ko: '연산자 {operators}개와 네트워크의 결과가 프로세서와 최대 {worst} 다릅니다',
  },
  heldAgainst: { en: 'what the others are held against', ko: '다른 것들과 비교하는 기준입니다' },
  trialTooLong: {
    en: 'did not finish its trial within {minutes} minutes',
    ko: '시험이 {minutes}분 안에 끝나지 않았습니다',
  },
  trialSlow: {
    en: 'takes {times} times as long as the processor for a convolution',
    ko: '합성곱 하나에 프로세서보다 {times}배 오래 걸립니다',
  },
  wantsChanging: {
    en: 'Training wants weights that change.',
    ko: '학습하려면 가중치를 바꿀 수 있어야 합니다.',
  },
  takes: { en: '{provider} takes {ms} ms', ko: '{provider}: {ms} ms' },
  processorServes: { en: 'the processor serves', ko: '프로세서를 사용합니다' },
  isSlower: { en: '{provider} is slower ({ms} ms)', ko: '{provider}은(는) 더 느립니다({ms} ms)' },
  isAbsent: { en: '{provider} is not in this build', ko: '{provider}은(는) 이 빌드에 없습니다' },
  hasFailed: { en: '{provider} does not run here', ko: '{provider}은(는) 여기에서 실행되지 않습니다' },
  isWrong: { en: '{provider} computes wrong results', ko: '{provider}은(는) 결과가 틀립니다' },
  isFarSlower: {
    en: '{provider} is far slower than the processor',
    ko: '{provider}은(는) 프로세서보다 훨씬 느립니다',
  },
  wasAskedFor: { en: '{provider} was asked for', ko: '{provider}을(를) 지정했습니다' },
  cannotRead: { en: 'Cannot read {file}: {reason}.', ko: '{file} 파일을 읽을 수 없습니다: {reason}.' },
  cannotWrite: { en: 'Cannot write {file}: {reason}.', ko: '{file}에 쓸 수 없습니다: {reason}.' },
  noSuchFile: { en: 'there is no such file or folder', ko: '그런 파일이나 폴더가 없습니다' },
  accessDenied: { en: 'access is denied', ko: '접근이 거부되었습니다' },
  isFolder: { en: 'it is a folder, not a file', ko: '파일이 아니라 폴더입니다' },
  fileForFolder: { en: 'a file is where a folder should be', ko: '폴더가 있어야 할 자리에 파일이 있습니다' },
  fileInPath: {
    en: 'a part of its path is a file, not a folder',
    ko: '경로 중간에 폴더가 아닌 파일이 있습니다',
  },
  diskFull: { en: 'the disk is full', ko: '디스크가 가득 찼습니다' },
  diskReadOnly: { en: 'the disk is read-only', ko: '디스크가 읽기 전용입니다' },
  noFolder: {
    en: '{folder} does not exist; choose a folder of pictures.',
    ko: '{folder} 폴더가 없습니다. 사진이 있는 폴더를 고르세요.',
  },
  noFolderButFile: {
    en: '{folder} is a file; choose a folder of pictures.',
    ko: '{folder}은(는) 파일입니다. 사진이 있는 폴더를 고르세요.',
  },
  pictureUnreadable: {
    en: 'The picture {file} cannot be read: {reason}; replace the file or leave it out.',
    ko: '사진 {file}을(를) 읽을 수 없습니다: {reason}. 파일을 바꾸거나 빼세요.',
  },
  pictureEmpty: { en: 'the file is empty', ko: '파일이 비어 있습니다' },
  noPicture: {
    en: 'it is damaged, or no jpg, png, webp, bmp or tiff picture',
    ko: '손상되었거나 jpg, png, webp, bmp, tiff 사진이 아닙니다',
  },
  tooManyPixels: { en: 'it has more than {millions} million pixels', ko: '{millions}백만 픽셀이 넘습니다' },
  pictureDamaged: { en: 'it is damaged or cut short ({said})', ko: '손상되었거나 잘렸습니다({said})' },
  noCheckpoint: {
    en: '{file} cannot be read as a checkpoint: {reason}.',
    ko: '{file}을(를) 체크포인트로 읽을 수 없습니다: {reason}.',
  },
  fileEmpty: { en: 'it is empty; download it again', ko: '비어 있습니다. 다시 받으세요' },
  webPage: {
    en: 'it is a web page, likely an error page saved as a download; download it again',
    ko: '웹 페이지입니다. 오류 페이지가 저장된 것 같으니 다시 받으세요',
  },
  noKnownBytes: {
    en: 'it begins with bytes {hex}, and neither PyTorch nor safetensors files do; download it again',
    ko: '첫 바이트가 {hex}인데 PyTorch나 safetensors 파일은 그렇게 시작하지 않습니다. 다시 받으세요',
  },
  notTrainable: {
    en: '{model} cannot be trained: it {why}.',
    ko: '{model} 모델은 학습할 수 없습니다: {why}.',
  },
  isForeign: {
    en: 'is an ONNX file of others, whose weights Facet does not know apart',
    ko: '다른 곳에서 만든 ONNX 파일이라 가중치를 구별할 수 없습니다',
  },
  isMixture: {
    en: 'is made of two networks; train {base} or {other}',
    ko: '두 네트워크를 섞은 것입니다. {base}이나 {other}을(를) 학습하세요',
  },
  hasOtherClasses: {
    en: 'has {found} classes where masks have {expected}',
    ko: '클래스가 {found}개인데 마스크는 {expected}개입니다',
  },
} as const satisfies Record<string, Entry>
