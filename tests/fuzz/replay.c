/* Runs a fuzz target over files and over all files of the folders that are named: what
 * `make check` does with each corpus, without libFuzzer. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_BYTES_MAX (32u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	struct stat info;
	FILE *file = fopen(path, "rb");
	if (!file || fstat(fileno(file), &info) || info.st_size > INPUT_BYTES_MAX) {
		perror(path);
		if (file)
			fclose(file);
		return -1;
	}
	/* Exactly as large as the input, so that a sanitizer sees the first byte read behind it. */
	size_t size = (size_t)info.st_size;
	uint8_t *data = malloc(size ? size : 1);
	bool whole = data && fread(data, 1, size, file) == size;
	fclose(file);
	if (whole)
		LLVMFuzzerTestOneInput(data, size);
	free(data);
	return whole ? 0 : -1;
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
