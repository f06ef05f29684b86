import keras
import numpy
import tensorflow as tf
from keras import layers


class Gan(keras.Model):
    def __init__(self):
        super().__init__()
        self.generator = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(2)])
        self.critic = keras.Sequential([layers.Dense(32), layers.LeakyReLU(negative_slope=0.2), layers.Dense(1)])
        self.loss_of = keras.losses.BinaryCrossentropy(from_logits=True)

    def compile(self, generator_optimizer, critic_optimizer):
        super().compile()
        self.generator_optimizer, self.critic_optimizer = generator_optimizer, critic_optimizer

    def train_step(self, points):
        rows = tf.shape(points)[0]
        ones, zeros, noise = tf.ones((rows, 1)), tf.zeros((rows, 1)), tf.random.normal((rows, 4))
        with tf.GradientTape() as tape:
            real, drawn = self.critic(points), self.critic(self.generator(noise))
            loss = self.loss_of(ones, real) + self.loss_of(zeros, drawn)
        weights = self.critic.trainable_weights
        self.critic_optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        with tf.GradientTape() as tape:
            own = self.loss_of(ones, self.critic(self.generator(noise)))
        weights = self.generator.trainable_weights
        self.generator_optimizer.apply_gradients(zip(tape.gradient(own, weights), weights))
        return {"critic": loss}


points = numpy.random.default_rng(5).normal(3, 0.5, (2000, 2)).astype("float32")
gan = Gan()
gan.compile(keras.optimizers.Adam(1e-3, 0.5), keras.optimizers.Adam(1e-3, 0.5))
gan.fit(points, epochs=32, batch_size=64)
samples = gan.generator.predict(numpy.random.default_rng(9).normal(size=(500, 4)))
