/* replay.c - runs a fuzz target over files: TARGET FILE ... */
#include "fuzz.h"

static uint8_t *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rbe");
    uint8_t *data = malloc(1 << 20);

    if (!file || !data) {
        perror(path);
        exit(2);
    }
    *size = fread(data, 1, 1 << 20, file);
    fclose(file);
    return realloc(data, *size ? *size : 1); /* so that a checker sees reads behind the end */
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t size;
        uint8_t *data = read_whole(argv[i], &size);

        LLVMFuzzerTestOneInput(data, size);
        free(data);
    }
    return 0;
}
