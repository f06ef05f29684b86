"""The program of the lesson `pytorch` in PyTorch; what it prints is pytorch.json, made by PyTorch 1.13.1:
   python3 pytorch.py > pytorch.json"""
import json

import torch

torch.set_default_dtype(torch.float64)

#region data
i = torch.arange(200.0)
x = torch.stack([torch.sin(1.3 * i), torch.cos(0.7 * i)], dim=1)
y = (x[:, 0] * x[:, 1] > 0).long()
#endregion

#region model
model = torch.nn.Sequential(
    torch.nn.Linear(2, 16),
    torch.nn.Tanh(),
    torch.nn.Linear(16, 2))
#endregion

#region weights
with torch.no_grad():
    for p in model.parameters():
        wave = torch.sin(torch.arange(1.0, p.numel() + 1))
        p.copy_(wave.reshape(p.shape))
#endregion

#region training
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
losses = []
for epoch in range(200):
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
#endregion

#region prediction
with torch.no_grad():
    p = torch.softmax(model(x), dim=1)[:, 1]
right = int(((p > 0.5) == (y == 1)).sum())
#endregion

print(json.dumps({"losses": losses, "probabilities": p.tolist()[:10], "right": right}))
