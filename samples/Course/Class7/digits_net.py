# Trains a small convolutional network on digits in PyTorch, and saves it as Class7/digits-net.safetensors beside what it
# computes for eight images. Run once, from the repository's root: python3 samples/Course/Class7/digits_net.py
import gzip, json, pathlib, struct
import numpy as np, torch
from torch import nn
from torch.nn import functional as F

#region model
class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(16)
        self.hidden = nn.Linear(16 * 2 * 2, 32)
        self.head = nn.Linear(32, classes)

    def forward(self, x):
        x = F.relu(self.norm1(self.conv1(x)))
        x = F.max_pool2d(x, 2)
        x = F.relu(self.norm2(self.conv2(x)))
        x = F.max_pool2d(x, 2)
        x = F.relu(self.hidden(x.flatten(1)))
        return self.head(x)
#endregion

torch.manual_seed(0)
torch.set_num_threads(1)
here = pathlib.Path(__file__).parent
rows = np.loadtxt(gzip.open(here.parents[2] / "data" / "digits.csv.gz", "rt"), delimiter=",", skiprows=1, dtype=np.float32)
images, labels = torch.tensor(rows[:, :64] / 16).reshape(-1, 1, 8, 8), torch.tensor(rows[:, 64]).long()
known, asked = slice(0, 1000), slice(1000, 1008)  # The network learns from the first 1000 images; the eight after them are asked.

model = Net(10)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(20):
    for batch in torch.randperm(1000).split(50):
        optimizer.zero_grad()
        F.cross_entropy(model(images[known][batch]), labels[known][batch]).backward()
        optimizer.step()

#region expected
model.eval()
x, y = images[asked], labels[asked]
outputs = model(x)

loss = F.cross_entropy(outputs, y)
model.zero_grad()
loss.backward()
gradient = model.conv1.weight.grad
#endregion

#region file
tensors = {f"model.{name}": t for name, t in model.state_dict().items()}
tensors |= {"expected.inputs": x, "expected.labels": y}
tensors |= {"expected.outputs": outputs, "expected.gradient": gradient}
#endregion

# The format of safetensors: eight bytes with the length of a header, the header in JSON, then the numbers of all tensors.
# (With the package: safetensors.torch.save_file(tensors, path).)
header, data = {}, b""
for name, t in tensors.items():
    content = t.detach().contiguous().numpy().tobytes()
    kind = {torch.float32: "F32", torch.int64: "I64"}[t.dtype]
    header[name] = {"dtype": kind, "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(content)]}
    data += content
header["__metadata__"] = {"made by": f"PyTorch {torch.__version__}"}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
(here / "digits-net.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)

with torch.no_grad():
    right = (model(images[1000:]).argmax(1) == labels[1000:]).float().mean().item()
print(f"{right:.4f} of the other images right")
