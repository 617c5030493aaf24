import KintsugiCLI

await KintsugiTool.runAndExit()
