"""``python -m voyager_lite.training --folder RUN``: train the mini network."""

import logging

import tyro

from voyager_lite.training.loop import TrainingConfig, train

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    train(tyro.cli(TrainingConfig))
