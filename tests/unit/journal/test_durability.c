/* What a power cut may cost: each commit waits for the disk, or none does. The calls by which SQLite asks for that are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal/sqlite/sqlite.h"
#include "unit/journal/sample.h"

#define COMMITS 20
#define KEEP_US (INT64_C(3650) * 86400 * 1000000)

static unsigned synced;

/* Both take the place of the C library's. */
int fsync(int fd)
{
	synced++;
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	synced++;
	return (int)syscall(SYS_fdatasync, fd);
}

/* How often the disk was waited for during COMMITS commits of one record each. */
static unsigned syncs(bool durable)
{
	char folder[64], path[128], error[512] = "";
	struct sample sample;
	sample_make_folder(folder);
	snprintf(path, sizeof path, "%s/journal.db", folder);
	struct sink *sink = sqlite_sink_open(path, KEEP_US, error, sizeof error);
	assert_string_equal(error, "");
	if (!durable)
		sqlite_sink_durable(sink, false);
	synced = 0;
	for (unsigned i = 0; i < COMMITS; i++) {
		sample_fill(&sample, i, true);
		assert_int_equal(sink->begin(sink, error, sizeof error), PF_OK);
		assert_int_equal(sink->write(sink, &sample.record, error, sizeof error), PF_OK);
		assert_int_equal(sink->commit(sink, error, sizeof error), PF_OK);
	}
	unsigned during = synced;
	sink->close(&sink);
	assert_true(synced > during); /* a journal that is closed is on the disk */
	sample_remove_folder(folder);
	return during;
}

static void each_commit_is_on_the_disk(void **state)
{
	(void)state;
	assert_true(syncs(true) >= COMMITS);
}

static void or_none_waits_for_it(void **state)
{
	(void)state;
	assert_true(syncs(false) <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_commit_is_on_the_disk),
		cmocka_unit_test(or_none_waits_for_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
