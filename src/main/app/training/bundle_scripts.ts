/**
 * @file The texts of a bundle. Flags are those that SegFace's train.py and its scripts/train_celeb.sh use
 * (Kartik-3004/SegFace): it starts from nothing unless `--resume` finds `checkpoint_gpu_RANK.pt` in
 * LOG_PATH/ckpt_path/expt_name, with the optimiser's and the schedule's state; start.py makes these of a bare checkpoint.
 */
import type { TrainingBundle } from '../../../shared/training'

export interface BundleCommand {
  /** SegFace's `--model`. */
  readonly model: string
  /** SegFace's `--expt_name`. */
  readonly name: string
  readonly epochs: number
  readonly lr: number
  readonly lr_schedule: readonly number[]
  readonly lr_schedule_gamma: number
  readonly weight_decay: number
  readonly train_bs: number
  readonly input_resolution: number
  readonly seed: number
  /** Without a starting checkpoint. */
  readonly isFresh: boolean
}

/** `text` as one word of a POSIX shell: as it is where nothing in it means something there, else in single quotes. */
export function shellWord(text: string): string {
  return /^[\p{L}\p{N}_./+:@%=,-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** The flags of train.py, a line each. */
export function trainFlags(command: BundleCommand): string[] {
  const { isFresh, model, name, epochs, lr, lr_schedule, lr_schedule_gamma } = command
  const { weight_decay, train_bs, input_resolution, seed } = command
  return [
    '--ckpt_path ckpts',
    `--expt_name ${name}`,
    '--dataset celebamask_hq',
    '--backbone segface_celeb',
    `--model ${model}`,
    `--lr ${lr}`,
    `--lr_schedule ${lr_schedule.join(',')}`,
    `--lr_schedule_gamma ${lr_schedule_gamma}`,
    `--weight_decay ${weight_decay}`,
    `--input_resolution ${input_resolution}`,
    `--train_bs ${train_bs}`,
    '--val_bs 1',
    '--test_bs 1',
    '--num_workers 4',
    `--seed ${seed}`,
    `--epochs ${epochs}`,
    ...(isFresh ? [] : ['--resume True']),
  ]
}

export function trainScript(command: BundleCommand): string {
  const { isFresh, model, name, lr, weight_decay, lr_schedule, lr_schedule_gamma, input_resolution } = command
  const start = [
    '# train.py resumes from a state for each GPU: make them of start.pt, unless this training was begun before.',
    `[ -e "$folder/checkpoint_gpu_0.pt" ] || python "$here/start.py" "$here/start.pt" "$folder" "$gpus" \\`,
    `    ${model} ${input_resolution} ${lr} ${weight_decay} ${lr_schedule.join(',')} ${lr_schedule_gamma}`,
    '',
  ]
  return `#!/bin/sh
# Trains with SegFace's own train.py: sh train.sh PATH_TO_SEGFACE [NUMBER_OF_GPUS]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
code=$(cd "\${1:?name the folder of SegFace, which holds train.py}" && pwd)
gpus=\${2:-$(python -c 'import torch; print(torch.cuda.device_count())')}
# As in .env here, as absolute paths; they go before those of an .env in SegFace's own folder.
export DATA_PATH="$here/data/SegFace" ROOT_PATH="$code" LOG_PATH="$here/logs"
# Whether a copy of SegFace looks in DATA_PATH or in DATA_PATH/SegFace, it finds the data.
[ -e "$DATA_PATH/SegFace" ] || ln -s . "$DATA_PATH/SegFace"
# Newer versions of PyTorch refuse the schedule's state otherwise.
export TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1
folder="$LOG_PATH/ckpts/${name}"
mkdir -p "$folder"
cd "$code"
${isFresh ? '' : start.join('\n')}torchrun --nproc_per_node="$gpus" --master_port=29440 train.py \\
    ${trainFlags(command).join(' \\\n    ')}
`
}

/** Python, for there is one where SegFace runs. */
export const START_SCRIPT = `"""The states that SegFace's train.py resumes from, one for each GPU, of a checkpoint that holds weights only.

python start.py START.pt FOLDER GPUS MODEL RESOLUTION LR WEIGHT_DECAY MILESTONES GAMMA, in SegFace's folder.
"""
import os
import sys

import torch
from torch.optim import AdamW
from torch.optim.lr_scheduler import MultiStepLR

sys.path.insert(0, os.getcwd())
from network import get_model

start, folder, gpus, name, resolution, lr, weight_decay, milestones, gamma = sys.argv[1:]
model = get_model("segface_celeb", int(resolution), name)
weights = torch.load(start, map_location="cpu")["state_dict_backbone"]
model.load_state_dict(weights)
optimizer = AdamW([{"params": model.parameters()}], lr=float(lr), weight_decay=float(weight_decay))
steps = [int(step) for step in milestones.split(",")]
scheduler = MultiStepLR(optimizer, milestones=steps, gamma=float(gamma))
state = {
    "epoch": 0,
    "iteration": 0,
    "state_dict_backbone": weights,
    "optimizer": optimizer.state_dict(),
    "scheduler": scheduler.state_dict(),
}
for rank in range(int(gpus)):
    torch.save(state, os.path.join(folder, f"checkpoint_gpu_{rank}.pt"))
print(f"{start}: {len(weights)} tensors, for {gpus} GPUs")
`

export function bundleReadme(
  command: BundleCommand,
  { train, val, test }: TrainingBundle['images'],
  classes: number,
): string {
  const { model, name, isFresh, epochs, train_bs, input_resolution } = command
  const broken =
    model === 'resnet'
      ? ' The published train.py cannot run resnet, whose hooks store nothing: it needs a copy that was mended.'
      : ''
  const start = isFresh
    ? '- No starting checkpoint: the network is fresh.'
    : "- `start.pt`: the weights to start from, SegFace's own form. train.py has no flag for them but `--resume`, which wants the optimiser's state too; `start.py` makes that."
  return `# Training ${name} with SegFace's own train.py

Written by Facet. On a machine with CUDA GPUs, Python and [SegFace](https://github.com/Kartik-3004/SegFace) with its requirements:

\`\`\`
sh train.sh PATH_TO_SEGFACE [NUMBER_OF_GPUS]
\`\`\`

runs \`torchrun\` with

\`\`\`
train.py ${trainFlags(command).join(' ')}
\`\`\`

and leaves \`logs/ckpts/${name}/model_N.pt\`, a file for each epoch, counted from 0. Take one back with

\`\`\`
facet model import logs/ckpts/${name}/model_${epochs - 1}.pt --resolution ${input_resolution} --name "${name}"
\`\`\`

What is here:

- \`data/SegFace/CelebAMask-HQ\`: ${train} faces to learn from, ${val} for validation, ${test} for test; ${classes} classes, pictures and masks at 512 x 512. \`list_eval_partition.txt\` is keyed by CelebA's file names, as the published loader reads it, and \`CelebA-HQ-to-CelebA-mapping.txt\` leads to the numbers here (the names in it are made up). For a copy of SegFace that reads lines such as \`00012 0\`, put \`list_by_id.txt\` in its place. \`facet-names.csv\` leads back to your photos.
${start}
- \`.env\`: where data and logs are, for \`facet\` in this folder. Its paths start here and lead nowhere from SegFace's folder, for which \`train.sh\` sets absolute ones. To run train.py by hand, set them first, in this folder:

\`\`\`
export DATA_PATH="$PWD/data/SegFace" LOG_PATH="$PWD/logs" ROOT_PATH="$(cd PATH_TO_SEGFACE && pwd)"
\`\`\`

Worth knowing: a step learns from ${train_bs} faces on each GPU, so with fewer than that many times the number of GPUs there are no whole steps: use fewer GPUs. train.py neither mirrors nor turns the faces, learns every weight (\`--model ${model}\`), and gives batch norm the statistics of each GPU's own batch. Masks of which only some parts are checked, and golden faces, are not here: this format cannot leave pixels out.${broken}
`
}
