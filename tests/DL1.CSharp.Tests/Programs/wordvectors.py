import random
import keras
import numpy
from keras import layers, ops
from gensim.models import KeyedVectors

texts = open("moby_dick.txt").read().split("\n\n")[:300]
vectorize = layers.TextVectorization(standardize="lower_and_strip_punctuation")
vectorize.adapt(texts)
vocabulary = vectorize.get_vocabulary()
read = [[i for i in row if i > 1] for row in vectorize(texts).numpy().tolist()]
counts = numpy.bincount([i for row in read for i in row], minlength=len(vocabulary))
kept = numpy.minimum(1, numpy.sqrt(1e-3 * counts.sum() / numpy.maximum(counts, 1))) * (counts >= 5)
read = [[i for i in row if random.random() < kept[i]] for row in read]
pairs = numpy.array([
    (row[i], row[j])
    for row in read for i in range(len(row)) for j in range(max(0, i - 3), min(len(row), i + 4)) if i != j])
chances = counts**0.75 * (counts >= 5)
drawn = numpy.random.choice(len(vocabulary), size=(len(pairs), 4), p=chances / chances.sum())
compared = numpy.concatenate([pairs[:, 1:], drawn], axis=1)
labels = numpy.zeros(compared.shape)
labels[:, 0] = 1

word, context = keras.Input((1,), dtype="int64"), keras.Input((5,), dtype="int64")
table = layers.Embedding(len(vocabulary), 32)
scores = layers.Dot(axes=-1)([layers.Embedding(len(vocabulary), 32)(context), table(word)])
model = keras.Model([word, context], layers.Flatten()(scores))
model.compile(keras.optimizers.Adam(5e-3), keras.losses.BinaryCrossentropy(from_logits=True))
model.fit([pairs[:, :1], compared], labels, epochs=3, batch_size=256)
vectors = KeyedVectors(32)
vectors.add_vectors(vocabulary, table.get_weights()[0])
near = vectors.most_similar("whale", topn=5)
analogy = vectors.most_similar(positive=["men", "hand"], negative=["man"], topn=5)
