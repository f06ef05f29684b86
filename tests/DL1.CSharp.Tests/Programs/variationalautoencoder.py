import keras
from keras import layers, ops
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Vae(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = layers.Dense(64, activation="relu")
        self.mean, self.log_variance = layers.Dense(8), layers.Dense(8)
        self.decoder = keras.Sequential([layers.Dense(64, activation="relu"), layers.Dense(64, activation="sigmoid")])
        self.draws = keras.random.SeedGenerator(1)

    def call(self, x):
        hidden = self.encoder(x)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        z = mean + ops.exp(log_variance / 2) * keras.random.normal(ops.shape(mean), seed=self.draws)
        kl = 0.5 * ops.sum(ops.exp(log_variance) + mean**2 - 1 - log_variance, axis=1)
        self.add_loss(ops.mean(kl))
        return self.decoder(z)


def reconstruction(x, rebuilt):
    return 64 * ops.mean(keras.losses.binary_crossentropy(x, rebuilt))


train, test = train_test_split(load_digits().data / 16, test_size=0.2, random_state=1)
vae = Vae()
vae.compile(keras.optimizers.Adam(2e-3), reconstruction)
vae.fit(train, train, epochs=15, batch_size=32, validation_data=(test, test))
drawn = vae.decoder.predict(keras.random.normal((10, 8)))
