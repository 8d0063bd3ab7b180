import pytest
from mmengine.logging import MessageHub


@pytest.fixture(autouse=True)
def no_iteration():
    """Remove the iteration that another test's training left in the message hub: views are drawn by it."""
    hub = MessageHub.get_current_instance()
    iteration = hub.runtime_info.pop('iter', None)
    yield
    hub.runtime_info.pop('iter', None)
    if iteration is not None:
        hub.update_info('iter', iteration)
