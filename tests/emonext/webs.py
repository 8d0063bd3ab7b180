"""A small page and a stand-in for ONNX Runtime Web, for tests that need no browser."""
from emonext.runtime import FILES

INDEX = """<!doctype html>
<html lang="en" data-engine="./server.js">
<head>
<meta charset="utf-8">
<link rel="stylesheet" href="./style.css">
</head>
<body>
<script type="module" src="./main.js"></script>
</body>
</html>
"""
TEXTS = {
    'index.html': INDEX,
    'style.css': 'p { color: red }',
    'main.js': "import { a } from './a.js';\nconst { b } = await import('./local/b.js');\n",
    'a.js': 'export const a = 1;\n',
    'local/b.js': "import { a } from '../a.js';\nimport './c.js';\nexport const b = a;\n",
    'local/c.js': "console.log('from ./a.js');\n",
    'local/engine.js': 'export const open = null;\n',
    'server.js': 'export const open = null;\n',
    'package.json': '{}',
}


def write_web(folder, **changes):
    """Write the page's sources; changed texts by their paths, None to leave one out."""
    for path, text in (TEXTS | changes).items():
        if text is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    return folder


def write_runtime(folder):
    """Write the files of the npm package."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, ours in FILES.items():
        (folder / name).write_text(f'// {ours}')
    return folder
