global using DescentPicture = DL1.Pictures.Descent;
global using Descent = DL1.Descent;
