# SPDX-License-Identifier: GPL-3.0-or-later
"""The variational heteroencoder in Keras with TensorFlow Probability's flipout layers, the software of
Bridgman et al.: answers every line on standard input with seconds per step. Started by
`failure_training.py`.
"""

import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf
import tensorflow_probability as tfp
import tf_keras as keras

FILTERS = (8, 8, 8, 8, 8, 1)


def heteroencoder(batch: int) -> keras.Model:
    """Two poolings, two upsamplings, six flipout convolutions with random biases (figure 8)."""

    def divergence(q, p, _):
        return tfp.distributions.kl_divergence(q, p) / batch

    model = keras.Sequential()
    for number, filters in enumerate(FILTERS):
        model.add(
            tfp.layers.Convolution3DFlipout(
                filters,
                3,
                padding="same",
                activation="relu" if number < len(FILTERS) - 1 else None,
                bias_posterior_fn=tfp.layers.default_mean_field_normal_fn(),
                bias_prior_fn=tfp.layers.default_multivariate_normal_fn,
                kernel_divergence_fn=divergence,
                bias_divergence_fn=divergence,
            )
        )
        if number < 2:
            model.add(keras.layers.MaxPool3D(2))
        elif number < 4:
            model.add(keras.layers.UpSampling3D(2))
    return model


def main() -> None:
    batch, *grid, threads = map(int, sys.argv[1:])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(0)
    model = heteroencoder(batch)
    optimiser = keras.optimizers.Adam(1e-3)
    x = tf.cast(tf.random.uniform((batch, *grid, 1)) < 0.01, tf.float32)
    y = tf.random.uniform((batch, *grid, 1))

    @tf.function
    def advance():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x) - y) ** 2) + tf.add_n(model.losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimiser.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    model(x)
    for _ in range(2):
        advance()
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        advance().numpy()
        print(time.perf_counter() - wall, time.process_time() - cpu, flush=True)


if __name__ == "__main__":
    main()
