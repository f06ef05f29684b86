import joblib
from fastapi import FastAPI
from pandas import DataFrame, read_csv
from pydantic import BaseModel
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

birds = read_csv("penguins.csv", na_values=".").dropna(subset=["species", "body_mass_g"])
train, test = train_test_split(birds, test_size=0.2, random_state=1, stratify=birds.species)
numbers, texts = ["flipper_length_mm", "body_mass_g"], ["island", "sex"]
pipeline = make_pipeline(
    make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers), (OneHotEncoder(), texts)),
    LogisticRegression())
print(cross_val_score(pipeline, train[numbers + texts], train.species, cv=5).mean())
joblib.dump(pipeline.fit(train[numbers + texts], train.species), "birds.joblib")
service = joblib.load("birds.joblib")
app = FastAPI()


class Bird(BaseModel):
    island: str
    sex: str
    flipper_length_mm: float
    body_mass_g: float


@app.post("/predict")
def predict(bird: Bird):
    chances = service.predict_proba(DataFrame([bird.model_dump()]))[0]
    return {"class": service.classes_[chances.argmax()], "probabilities": dict(zip(service.classes_, chances))}
