/** @file The sentences of models on their way in, by key: dropping one, what is asked, and what a model's page says of it. */
import type { ClassOrder } from '../../../shared/labels'
import type { ClassSet, Normalisation } from '../../../shared/network'
import type { Hint } from '../../../shared/plausible'
import type { Entry } from '../../../shared/languages'

const HINTS: Readonly<Record<`hint.${Hint}`, Entry>> = {
  'hint.empty': {
    en: 'It finds nothing at all. Try another normalisation or output.',
    ko: '아무것도 찾지 못합니다. 정규화나 출력을 바꿔 보세요.',
  },
  'hint.no-skin': {
    en: 'It finds no skin. Try another class order.',
    ko: '피부를 찾지 못합니다. 클래스 순서를 바꿔 보세요.',
  },
  'hint.skin-off-centre': {
    en: 'The skin lies at the edge of the picture. Try another class order or normalisation.',
    ko: '피부가 사진 가장자리에 있습니다. 클래스 순서나 정규화를 바꿔 보세요.',
  },
  'hint.eyes-swapped': {
    en: 'The left eye is on the left of the picture; it is the person’s own left. Try another class order.',
    ko: '왼쪽 눈이 화면 왼쪽에 있습니다. 왼쪽은 사진 속 인물 기준입니다. 클래스 순서를 바꿔 보세요.',
  },
  'hint.lips-swapped': {
    en: 'The upper lip lies below the lower one. Try another class order.',
    ko: '윗입술이 아랫입술보다 아래에 있습니다. 클래스 순서를 바꿔 보세요.',
  },
  'hint.upside-down': {
    en: 'The parts stand upside down. Try another class order.',
    ko: '부위가 위아래로 뒤집혀 있습니다. 클래스 순서를 바꿔 보세요.',
  },
}

const ORDERS: Readonly<Record<`order.${ClassOrder}`, Entry>> = {
  'order.segface': { en: 'As SegFace, FaRL', ko: 'SegFace, FaRL 순서' },
  'order.maskgan': { en: 'As MaskGAN, SegFormer', ko: 'MaskGAN, SegFormer 순서' },
  'order.zllrunning': { en: 'As BiSeNet', ko: 'BiSeNet 순서' },
  'order.lapa': { en: 'As LaPa, Helen', ko: 'LaPa, Helen 순서' },
}

const NORMALISATION: Readonly<Record<`normalisation.${Normalisation}`, Entry>> = {
  'normalisation.imagenet': { en: 'ImageNet’s mean and deviation', ko: 'ImageNet 평균/표준편차' },
  'normalisation.unit': { en: '0 to 1', ko: '0에서 1까지' },
  'normalisation.signed': { en: '−1 to 1', ko: '−1에서 1까지' },
  'normalisation.bytes': { en: '0 to 255', ko: '0에서 255까지' },
}

/** How the faces that a model learnt from differ from those it is given. */
const ALIGNMENT: Readonly<Record<`alignment.${Extract<ClassSet, 'lapa' | 'helen'>}`, Entry>> = {
  'alignment.lapa': {
    en: 'LaPa’s faces are warped around eyes, nose and mouth before the network sees them. Facet shows it the whole picture unwarped, so its masks are worse than its scores say, the more the smaller or less central the face.',
    ko: 'LaPa 모델은 눈, 코, 입을 기준으로 변형한 얼굴로 학습했습니다. Facet은 변형하지 않은 전체 사진을 넣으므로 결과가 평가 점수보다 나쁘며, 얼굴이 작거나 중앙에서 벗어날수록 더 나빠집니다.',
  },
  'alignment.helen': {
    en: 'Helen’s pictures are cropped to the face before the network sees them. Facet shows it the whole picture, so its masks are worse than its scores say, the more the less the face fills it.',
    ko: 'Helen 모델은 얼굴에 맞춰 자른 사진으로 학습했습니다. Facet은 전체 사진을 넣으므로 결과가 평가 점수보다 나쁘며, 얼굴이 사진을 덜 채울수록 더 나빠집니다.',
  },
}

export const MODELS = {
  ...HINTS,
  ...ORDERS,
  ...NORMALISATION,
  ...ALIGNMENT,

  'import.title': { en: 'Import a model', ko: '모델 가져오기' },
  'import.titleOf': { en: 'Import {name}', ko: '{name} 가져오기' },
  'import.choose': { en: 'Choose a file…', ko: '파일 선택…' },
  'import.path': { en: 'Path to a model file', ko: '모델 파일 경로' },
  'import.byPath': { en: 'Path of a model on Facet’s computer', ko: 'Facet이 실행되는 컴퓨터의 모델 경로' },
  'import.dropHint': { en: 'Or drop it anywhere on the window.', ko: '창 아무 곳에나 끌어다 놓아도 됩니다.' },
  'import.start': { en: 'Import', ko: '가져오기' },
  'import.done': { en: '{name} is ready to use.', ko: '{name} 모델을 사용할 수 있습니다.' },
  'import.known': {
    en: '{name} was imported before; nothing is new.',
    ko: '{name} 모델은 이미 가져온 것입니다.',
  },
  'import.drop': { en: 'Drop a model to import it', ko: '모델을 놓으면 가져옵니다' },
  'import.dropKinds': {
    en: 'SegFace checkpoints (.pt, .safetensors) and face parsers as ONNX files',
    ko: 'SegFace 체크포인트(.pt, .safetensors)와 ONNX 얼굴 파싱 모델',
  },
  'import.folder': {
    en: '{name} is a folder. Drop the file of a model; a folder of pictures is opened with “{open}”.',
    ko: '{name}은(는) 폴더입니다. 모델 파일을 놓으세요. 사진 폴더는 “{open}”로 엽니다.',
  },
  'import.sending': { en: 'Handing the file over…', ko: '파일을 전달하는 중…' },
  'import.examining': { en: 'Looking into the file…', ko: '파일을 살펴보는 중…' },
  'import.importing': { en: 'Importing…', ko: '가져오는 중…' },
  'import.dataset': {
    en: 'Was it trained on LaPa or on Helen?',
    ko: 'LaPa로 학습했나요, Helen으로 학습했나요?',
  },
  'import.datasetWhy': {
    en: 'This {arch} network of 11 classes looks the same inside for both. The folder that the file came in usually says it, as swinb_lapa_512 does.',
    ko: '클래스가 11개인 이 {arch} 신경망은 둘 중 어느 쪽이든 파일 내용이 같습니다. 보통은 swinb_lapa_512처럼 파일이 들어 있던 폴더 이름에 적혀 있습니다.',
  },

  'onnx.intro': {
    en: 'Facet does not know this network, or its masks look wrong. Choose until they lie on the face.',
    ko: 'Facet이 모르는 신경망이거나 결과가 이상해 보입니다. 마스크가 얼굴에 맞을 때까지 바꿔 보세요.',
  },
  'onnx.preset': { en: 'Network', ko: '신경망' },
  'onnx.other': { en: 'Another one', ko: '다른 신경망' },
  'onnx.output': { en: 'Output', ko: '출력' },
  'onnx.outputOf': { en: '{name}, {n} classes', ko: '{name}, 클래스 {n}개' },
  'onnx.order': { en: 'Class order', ko: '클래스 순서' },
  'onnx.own': { en: 'One by one', ko: '하나씩 지정' },
  'onnx.size': { en: 'Input size', ko: '입력 크기' },
  'onnx.sizeFixed': { en: 'The file takes no other.', ko: '파일에 정해져 있습니다.' },
  'onnx.normalisation': { en: 'Normalisation', ko: '정규화' },
  'onnx.ownNumbers': { en: 'Numbers of its own', ko: '고유 값' },
  'onnx.colours': { en: 'Colours', ko: '색 순서' },
  'onnx.picture': { en: 'Picture to look at', ko: '확인할 사진' },
  'onnx.sample': { en: 'Sample', ko: '샘플' },
  'onnx.shown': { en: 'Image on screen', ko: '현재 이미지' },
  'onnx.looking': { en: 'Running…', ko: '실행 중…' },
  'onnx.noPart': {
    en: 'None of its classes is a part of the face yet.',
    ko: '아직 얼굴 부위로 지정한 클래스가 없습니다.',
  },
  'onnx.plausible': {
    en: 'This may be a face: the skin in the middle, the person’s left eye on the right.',
    ko: '얼굴로 보입니다. 피부가 가운데에 있고 인물의 왼쪽 눈이 화면 오른쪽에 있습니다.',
  },
  'class.background': { en: 'Background', ko: '배경' },
  'class.none': { en: 'None of these', ko: '해당 없음' },

  'model.dataset': { en: 'Trained on', ko: '학습 데이터셋' },
  'model.datasetUnknown': { en: 'not known', ko: '알 수 없음' },
  'model.unknownParts': { en: 'Does not know', ko: '모르는 부위' },
  'model.leaves': {
    en: '{parts}: predictions leave these parts as they are.',
    ko: '{parts}. 예측할 때 이 부위는 그대로 둡니다.',
  },
  'model.alignment': { en: 'Pictures', ko: '입력 사진' },
  'model.lineage': { en: 'Trained from', ko: '상위 모델' },
  'model.noParent': { en: 'no other model', ko: '없음' },
  'model.gone': { en: '{id} (deleted)', ko: '{id}(삭제됨)' },
  'model.madeOf': { en: 'Made of', ko: '구성 모델' },
  'model.trainedOn': { en: 'training on {folder}', ko: '{folder}에서 학습' },
  'model.children': { en: 'Models made of it', ko: '이 모델로 만든 모델' },
  'model.convnext': {
    en: '{arch}; SegFace’s convnext_tiny builds the same network',
    ko: '{arch}(SegFace의 convnext_tiny도 같은 신경망)',
  },
} as const satisfies Readonly<Record<string, Entry>>
