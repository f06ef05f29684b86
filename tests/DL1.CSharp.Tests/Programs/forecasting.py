import keras
import numpy
from keras import layers
from pandas import read_csv
from sklearn.preprocessing import StandardScaler

months = read_csv("co2.csv").query("Date > '1964-05'")
values = months[["CO2"]].to_numpy()
earlier, later = values[: int(0.8 * len(values))], values[int(0.8 * len(values)) :]
scaler = StandardScaler().fit(earlier)


def windows(series):
    cut = numpy.lib.stride_tricks.sliding_window_view(scaler.transform(series)[:, 0], 36)
    return cut[:, :24], cut[:, 24:]


(x, y), (x_test, y_test) = windows(earlier), windows(later)
model = keras.Sequential([layers.Dense(12)])
model.compile(keras.optimizers.Adam(3e-3), "mse")
model.fit(x, y, epochs=150, batch_size=32, validation_data=(x_test, y_test))
forecast = model.predict(x_test) * scaler.scale_[0] + scaler.mean_[0]
