/** @file What `facet test` prints for a person: the means, a row for each class, and what two such tables must share to be compared. */
import type { TestReport } from '../../shared/scoring'
import { table } from './output'

export function testLines(report: TestReport): string[] {
  const { protocol, images, resolution, order } = report
  const means = [
    ['mean F1', percent(report.mean_f1), 'the parts that are there, without background'],
    [
      'mean IoU',
      percent(report.mean_iou_paper),
      'all 19 classes, as papers print it; an absent one counts as 0',
    ],
    ['pixel accuracy', percent(report.pixel_accuracy), ''],
  ]
  const classes = report.classes.map((name) => [
    name,
    percent(report.f1[name]),
    percent(report.iou[name]),
    String(protocol.images_per_class[name]),
    String(report.support[name]),
  ])
  return [
    `${protocol.model} on ${images} ${images === 1 ? 'face' : 'faces'} of ${protocol.dataset}`,
    `split ${protocol.split} (${protocol.split_chosen})${protocol.limit === null ? '' : `, the first ${protocol.limit}`}, scored at ${resolution} x ${resolution}, painting order ${order}, on ${protocol.provider}`,
    `ground truth: ${protocol.ground_truth}`,
    ...protocol.limits.map((limit) => `Note: ${limit}`),
    '',
    ...table(means),
    '',
    ...table([['class', 'F1 %', 'IoU %', 'images', 'pixels'], ...classes]),
    ...(protocol.left_out.length > 0 ? [''] : []),
    ...protocol.left_out.map(({ file, message }) => `${file}: ${message}`),
  ]
}

/** Two digits, as papers print them; a dash for what is in neither masks nor predictions. */
function percent(fraction: number | null): string {
  return fraction === null ? '-' : (100 * fraction).toFixed(2)
}
