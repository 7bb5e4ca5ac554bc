"""Programs as scikit-learn estimators. Needs scikit-learn.

`ProgramClassifier` and `ProgramRegressor` train one program: an evolved, a built-in or a hand-written one.
`EvolvedClassifier` and `EvolvedRegressor` first search for one on the data at hand, and take it if it is better.

What goes on inside, in this order:

1. Features are standardised: the mean of each is taken away, and it is divided by its standard deviation (those whose
   values are all the same only lose their mean). In regression so is the target, and predictions are turned back. Mean
   and deviation are those of the first data seen, by `fit` or the first `partial_fit`, and then stay.
2. The program runs as in the paper's figure 1, once Setup and then Predict and Learn for each example, `epochs` times
   over all of them, in an order drawn from `random_state` for each epoch.
3. With more than two classes, a program that predicts a vector (v2, label v1) is trained on all classes; any other is
   trained once for each class against the rest, and the probabilities are scaled to sum to 1.

A program that diverges, so that its prediction is not a finite number, predicts the mean target, or the same
probability for each class.

Predicting never changes an estimator: each example finds the memory that training left, and any number of threads may
predict at the same time. A call that is cut short, by Ctrl-C for instance, leaves the estimator as it was.
"""

from pyamlz.sklearn._evolved import EvolvedClassifier, EvolvedRegressor
from pyamlz.sklearn._program import ProgramClassifier, ProgramRegressor

__all__ = ["EvolvedClassifier", "EvolvedRegressor", "ProgramClassifier", "ProgramRegressor"]
