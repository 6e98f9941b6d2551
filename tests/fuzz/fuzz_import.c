/* What a stranger says that Pi-hole or AdGuard Home were told: a database when the bytes begin like one, else AdGuardHome.yaml. Whatever comes,
 * what is made of it is a configuration that can be read, and nothing that it holds ends a line or a string too early. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import/import.h"

/* As assert, but not to be compiled out. */
#define MUST(condition)                                                     \
	do {                                                                    \
		if (!(condition)) {                                                 \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int import_one(const char *path, struct import *import, bool is_database,
                      char error[IMPORT_ERROR_MAX])
{
	enum import_database database;
	if (!is_database)
		return import_adguard(path, NULL, import, error);
	int result = import_look(path, &database, error);
	if (result == PF_OK && database == IMPORT_QUERIES)
		return PF_ENOENT;
	return result == PF_OK ? import_gravity(path, import, error) : result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char magic[] = "SQLite format 3";
	struct import import;
	char error[IMPORT_ERROR_MAX] = "", path[64];
	bool is_database = size >= sizeof magic && !memcmp(data, magic, sizeof magic);
	strcpy(path, "/tmp/fuzz-import-XXXXXX"); /* SQLite wants a file with a name */
	int file = mkstemp(path);
	MUST(file >= 0 && write(file, data, size) == (ssize_t)size);
	import_init(&import);
	int result = import_one(path, &import, is_database, error);
	if (result == PF_OK) {
		int read = import_check(&import, error);
		if (read != PF_OK)
			fprintf(stderr, "%s\n%s\n", error, import.text.data);
		MUST(read == PF_OK);
	} else {
		MUST(*error || result == PF_ENOENT);
	}
	import_deinit(&import);
	close(file);
	unlink(path);
	return 0;
}
