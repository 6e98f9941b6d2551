/* Runs a fuzz target over files and over all files of the folders that are named: what
 * `make check` does with each corpus, without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_BYTES_MAX (32u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return -1;
	}
	uint8_t *data = malloc(INPUT_BYTES_MAX);
	size_t size = data ? fread(data, 1, INPUT_BYTES_MAX, file) : 0;
	fclose(file);
	/* An exact copy, so that a sanitizer sees the first byte read behind the input. */
	uint8_t *exact = malloc(size ? size : 1);
	if (!data || !exact) {
		free(data);
		free(exact);
		return -1;
	}
	memcpy(exact, data, size);
	free(data);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

static int replay_folder(const char *path, unsigned *count)
{
	DIR *folder = opendir(path);
	if (!folder) {
		perror(path);
		return -1;
	}
	int failed = 0;
	for (struct dirent *entry; (entry = readdir(folder));) {
		char file[4096];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		failed |= replay_file(file);
		++*count;
	}
	closedir(folder);
	return failed;
}

int main(int argc, char **argv)
{
	unsigned count = 0;
	int failed = 0;
	for (int i = 1; i < argc; i++) {
		struct stat info;
		if (stat(argv[i], &info)) {
			perror(argv[i]);
			return 1;
		}
		if (S_ISDIR(info.st_mode)) {
			failed |= replay_folder(argv[i], &count);
		} else {
			failed |= replay_file(argv[i]);
			count++;
		}
	}
	if (!count) {
		fprintf(stderr, "no input was replayed\n");
		return 1;
	}
	printf("%u inputs replayed\n", count);
	return failed ? 1 : 0;
}
