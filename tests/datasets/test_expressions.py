from emonext_mm.datasets.expressions import EXPRESSIONS
from emonext_mm.emotions import CLASSES


def test_one_expression_for_each_class():
    assert tuple(EXPRESSIONS) == CLASSES
    assert len(set(EXPRESSIONS.values())) == 7


def test_signs_that_people_draw():
    """The corners of a happy mouth rise, those of a sad one fall; angry brows fall inside; surprise opens eyes."""
    neutral = EXPRESSIONS['neutral']
    assert EXPRESSIONS['happy'].corner > neutral.corner > EXPRESSIONS['sad'].corner
    assert EXPRESSIONS['angry'].brow_inner < neutral.brow_inner < EXPRESSIONS['sad'].brow_inner
    assert EXPRESSIONS['surprise'].lid_upper > neutral.lid_upper
    assert EXPRESSIONS['surprise'].lip_lower > neutral.lip_lower
