import keras
import numpy
from keras import layers
from sklearn.model_selection import train_test_split

digits = "zero one two three four five six seven eight nine".split()
numbers = [str(n) for n in range(1000)]
sources = [" ".join(digits[int(c)] for c in n) for n in numbers]
words = layers.TextVectorization(output_sequence_length=3)
words.adapt(sources)
signs = layers.StringLookup(vocabulary=list("0123456789<>"), mask_token="")
texts = layers.StringLookup(vocabulary=list("0123456789<>"), mask_token="", invert=True)
padded = [list(f"<{n}>".ljust(6)) for n in numbers]
answers = signs(numpy.char.strip(padded)).numpy()
x, x_test, y, y_test = train_test_split(words(sources).numpy(), answers, test_size=0.1, random_state=1)

source, target = keras.Input((None,), dtype="int64"), keras.Input((None,), dtype="int64")
read = layers.Embedding(words.vocabulary_size(), 32, mask_zero=True)(source)
state = layers.GRU(64, return_state=True)(read)[1]
decoder = layers.GRU(64, return_sequences=True)
told = layers.Embedding(signs.vocabulary_size(), 32, mask_zero=True)(target)
scores = layers.Dense(signs.vocabulary_size())(decoder(told, initial_state=state))
model = keras.Model([source, target], scores)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
model.compile(keras.optimizers.Adam(1e-2), loss)
model.fit([x, y[:, :-1]], y[:, 1:], epochs=20, validation_data=([x_test, y_test[:, :-1]], y_test[:, 1:]))

asked = words(["four two", "seven zero nine"]).numpy()
tokens = signs([["<"], ["<"]]).numpy()
for _ in range(5):
    following = model.predict([asked, tokens])[:, -1].argmax(-1)
    tokens = numpy.concatenate([tokens, following[:, None]], axis=1)
written = ["".join(row).split(">")[0][1:] for row in texts(tokens).numpy().astype(str)]
