"""The kinds of files, by name."""
from tests.strangers.kinds import cards, checkpoints, csv_files, folders, lists, pictures, predictions

KINDS = {
    'csv': csv_files.KIND,
    'folders': folders.KIND,
    'predictions': predictions.KIND,
    'yaml': lists.KIND,
    'checkpoints': checkpoints.KIND,
    'cards': cards.KIND,
    'pictures': pictures.KIND,
}
