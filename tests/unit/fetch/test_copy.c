/* Copies on disk: whole or not at all, and a state that is believed only beside the copy that it speaks of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fetch/copy.h"

static char folder[] = "/tmp/portafilter-copy-XXXXXX";
static char path[PATH_MAX];

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/lists/one", folder);
	return copy_make_folder(path);
}

static int clean(void **state)
{
	(void)state;
	char command[PATH_MAX + 8];
	snprintf(command, sizeof command, "%s.state", path);
	unlink(command);
	unlink(path);
	snprintf(command, sizeof command, "%s/lists", folder);
	return rmdir(command) || rmdir(folder); /* nothing else may be left */
}

static void write_copy(const char *text)
{
	assert_int_equal(replace_file(path, text, strlen(text)), PF_OK);
	assert_int_equal(access(path, R_OK), 0);
}

static void states(void **state)
{
	(void)state;
	struct copy_state saved = {.etag = "\"a\\b\"",
	                           .last_modified = "Wed, 25 Nov 2026 10:00:00 GMT",
	                           .fetched_wall_us = 1,
	                           .checked_wall_us = 2,
	                           .bytes = 4,
	                           .names = 3,
	                           .has_serial = true,
	                           .serial = UINT32_MAX,
	                           .refresh_s = 5,
	                           .retry_s = 6,
	                           .expire_s = 7},
					  loaded;
	write_copy("abc\n");
	assert_int_equal(copy_save(path, &saved), PF_OK);
	copy_load(path, &loaded);
	assert_memory_equal(&loaded, &saved, sizeof saved);
	write_copy("another\n"); /* by somebody else: the ETag is not of this one */
	copy_load(path, &loaded);
	assert_int_equal(loaded.checked_wall_us, 0);
	assert_string_equal(loaded.etag, "");
	unlink(path);
	copy_load(path, &loaded);
	assert_int_equal(loaded.bytes, 0);
	saved.expired = true; /* then there is none, and the state says so */
	assert_int_equal(copy_save(path, &saved), PF_OK);
	copy_load(path, &loaded);
	assert_true(loaded.expired);
}

static void spoilt_states(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "{", "[]",
	                                    "{\"etag\": 5, \"bytes\": \"x\", \"serial\": -1}",
	                                    "{\"checked_us\": 1e99}"};
	char name[PATH_MAX + 8];
	snprintf(name, sizeof name, "%s.state", path);
	write_copy("");
	for (size_t i = 0; i < PF_COUNT(texts); i++) {
		struct copy_state loaded;
		FILE *file = fopen(name, "w");
		assert_non_null(file);
		fputs(texts[i], file);
		fclose(file);
		copy_load(path, &loaded);
		assert_int_equal(loaded.checked_wall_us, 0);
		assert_int_equal(loaded.serial, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states),
		cmocka_unit_test(spoilt_states),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
