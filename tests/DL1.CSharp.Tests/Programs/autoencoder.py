from keras import Sequential, layers, optimizers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

train, test = train_test_split(load_digits().data / 16, test_size=0.2, random_state=1)
encoder = Sequential([layers.Dense(32, activation="relu"), layers.Dense(8)])
decoder = Sequential([layers.Dense(32, activation="relu"), layers.Dense(64)])
model = Sequential([encoder, decoder])
model.compile(optimizers.Adam(3e-3), "mse")
model.fit(train, train, epochs=20, batch_size=32, validation_data=(test, test))
codes = encoder.predict(test)
rebuilt = model.predict(test)
