/** @file Training steps of two whole networks against PyTorch's; `npm run test:nightly` holds all that were recorded. */
import { describeTraining } from '../helpers/describe_training'
import { TRAINING_FIXTURES } from '../helpers/training_reference'

// The command line takes the steps of the third fixture, in tests/contract/cli_step.test.ts.
describeTraining(TRAINING_FIXTURES, ['mobilenet_128_full_running.json', 'swinv2_tiny_64_full_running.json'])
