"""Logs of training runs, as MMEngine writes them."""
import json


def training(step, epoch=1, **more):
    """A log entry of training at an iteration."""
    return dict(loss=1.0, epoch=epoch, step=step, **more)


def validation(epoch, accuracy=50.0):
    """A log entry of validation after an epoch."""
    return {'accuracy/top1': accuracy, 'step': epoch}


def write_run(work_dir, time, entries, end=''):
    """Write the log of a run that started at ``time`` to a work dir; ``end`` follows the entries unchanged."""
    path = work_dir / time / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(''.join(f'{json.dumps(entry)}\n' for entry in entries) + end)
    return path
