export async function holdLab(): Promise<void> {}
