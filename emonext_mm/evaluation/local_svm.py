"""Local learning: a linear SVM of its own for each test sample.

Georgescu, Ionescu & Popescu, "Local Learning with Deep and Handcrafted Features for Facial Expression Recognition",
IEEE Access 7, 64827, 2019, with scikit-learn's parts. Inferred: C = 100, of a re-implementation (the authors publish no
code). Deviations: neighbours that are all of one class give this class without an SVM; an SVM that has not converged
after scikit-learn's 1,000 iterations is used as it is, with its warning.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

Rows = np.ndarray | csr_matrix
CHUNK = 256  # test samples whose similarities to all training samples are in memory at once


@dataclass(frozen=True)
class LocalSVM:
    """One-versus-all linear SVM on the nearest training samples of each test sample.

    Args:
        neighbours: number of training samples by cosine similarity; at most all are taken.
        C: of the SVM.

    Raises:
        ValueError: ``neighbours`` is below 1, or ``C`` is not above 0.
    """

    neighbours: int = 200
    C: float = 100.0

    def __post_init__(self) -> None:
        if self.neighbours < 1:
            raise ValueError(f'neighbours must be at least 1, got {self.neighbours}')
        if not self.C > 0:
            raise ValueError(f'C must be above 0, got {self.C}')

    def scores(self, train: Rows, labels: np.ndarray, test: Rows, num_classes: int) -> np.ndarray:
        """Distances (M, num_classes) of test samples (M, D) to the planes of their SVMs.

        A class that is not among the neighbours has the score -inf.

        Args:
            train: features (N, D), dense or sparse.
            labels: class indices (N,).
            test: features (M, D).
            num_classes: number of classes.

        Raises:
            ValueError: numbers of rows or columns differ.
        """
        if train.shape[0] != len(labels) or train.shape[1] != test.shape[1]:
            raise ValueError(f'training features {train.shape}, {len(labels)} labels and test features {test.shape} '
                             'do not fit each other')
        scores = np.full((test.shape[0], num_classes), -np.inf)
        for i, nearest in enumerate(self._nearest(train, test)):
            scores[i] = self._score(train[nearest], labels[nearest], test[i:i + 1], num_classes)
        return scores

    def predict(self, train: Rows, labels: np.ndarray, test: Rows) -> np.ndarray:
        """Class indices (M,) of the test samples."""
        return self.scores(train, labels, test, int(labels.max()) + 1).argmax(1)

    def _nearest(self, train: Rows, test: Rows) -> np.ndarray:
        """Indices (M, neighbours) of training samples, in their order in the training set."""
        count = min(self.neighbours, train.shape[0])
        train, test = normalize(train), normalize(test)
        found = []
        for start in range(0, test.shape[0], CHUNK):
            similarity = test[start:start + CHUNK] @ train.T
            similarity = similarity.toarray() if issparse(similarity) else similarity
            found.append(np.sort(np.argpartition(-similarity, count - 1, axis=1)[:, :count], axis=1))
        return np.concatenate(found)

    def _score(self, features: Rows, labels: np.ndarray, sample: Rows, num_classes: int) -> np.ndarray:
        scores = np.full(num_classes, -np.inf)
        present = np.unique(labels)
        if len(present) == 1:
            scores[present] = 1.0
            return scores
        distances = LinearSVC(C=self.C, random_state=0).fit(features, labels).decision_function(sample)[0]
        scores[present] = distances if len(present) > 2 else (-distances, distances)
        return scores
