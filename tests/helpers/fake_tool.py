"""A stand-in for tools/train.py and tools/test.py: notes its call, and writes the files that they would write.

``FAKE_TOOL`` in the environment may be fail, wait or meet, see below.
"""
import json
import os
import shutil
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def install(folder: Path) -> Path:
    """Make a folder of tools."""
    folder.mkdir()
    for name in ('train.py', 'test.py'):
        shutil.copy(__file__, folder / name)
    return folder


def wait_for(path: Path) -> None:
    """Wait until a file exists, at most half a minute."""
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    sys.exit(f'error: {path} did not come')


def write_log(work_dir: Path) -> None:
    path = work_dir / '20260101_000000' / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(loss=1.0, epoch=1, step=1800, time=2.0)) + '\n')


def write_predictions(path: Path) -> None:
    """Of two samples, the first is right."""
    rows = [dict(sample_id=f'val_{i}', true=true, predicted='happy', probabilities=dict(happy=0.9, sad=0.1))
            for i, true in enumerate(('happy', 'sad'))]
    conditions = dict(dataset=dict(type='FER2013'), split='val', epoch=3, weights='EMA')
    path.write_text(json.dumps(dict(conditions=conditions, classes=['happy', 'sad'], predictions=rows)))


def main(tool: str, args: list[str], mode: str, device: str) -> None:
    with open(HERE / 'calls', 'a') as calls:
        calls.write(json.dumps(dict(tool=tool, device=device, args=args)) + '\n')
    work_dir = Path(args[args.index('--work-dir') + 1])
    print('Epoch(val) [3][8/8]    accuracy/top1: 41.5000  accuracy/ci95_low: 40.0000', flush=True)
    if mode == 'wait':
        (HERE / 'waiting').touch()
        wait_for(HERE / 'go')
        (HERE / 'went').touch()
    if mode == 'meet':  # until another call with another device runs too
        (HERE / f'met_{device}').touch()
        for other in ('4', 'GPU-5'):
            wait_for(HERE / f'met_{other}')
    if mode == 'fail' and 'b/seed_0' in work_dir.as_posix():
        print('error: it is wrong')
        print('and this came after')
        sys.exit(3)
    if tool == 'train.py':
        write_log(work_dir)
    else:
        write_predictions(Path(args[args.index('--out') + 1]))


if __name__ == '__main__':
    main(Path(sys.argv[0]).name, sys.argv[1:], os.environ.get('FAKE_TOOL', ''),
         os.environ.get('CUDA_VISIBLE_DEVICES', ''))
