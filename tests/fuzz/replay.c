/* Runs a fuzz target on every file of the given directories, without a fuzzer. */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void fail(const char *path) {
    perror(path);
    exit(1);
}

static void replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        fail(path);
    long n = ftell(file);
    rewind(file);
    uint8_t *data = n < 0 ? NULL : malloc((size_t)n + 1);
    if (!data || fread(data, 1, (size_t)n, file) != (size_t)n)
        fail(path);
    fclose(file);
    LLVMFuzzerTestOneInput(data, (size_t)n);
    free(data);
}

static unsigned replay_directory(const char *path) {
    unsigned count = 0;
    DIR *directory = opendir(path);
    if (!directory)
        fail(path);
    for (struct dirent *entry; (entry = readdir(directory));) {
        char file[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        replay_file(file);
        count++;
    }
    closedir(directory);
    return count;
}

int main(int argc, char **argv) {
    unsigned count = 0;
    for (int i = 1; i < argc; i++)
        count += replay_directory(argv[i]);
    printf("%u inputs replayed\n", count);
    return count == 0;
}
