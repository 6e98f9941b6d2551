/* The fixture of fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dns/dns.h"
#include "unit/lists/fixture.h"

void fixture_init(struct fixture *fixture)
{
	memset(fixture, 0, sizeof *fixture);
	const char *tmp = getenv("TMPDIR");
	snprintf(fixture->folder, sizeof fixture->folder, "%s/pf-lists-XXXXXX",
	         tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	assert_non_null(mkdtemp(fixture->folder));
	fixture->config.file = fixture->config_file;
	strcpy(fixture->config_file, "portafilter.yaml");
	fixture->config.lists = fixture->lists;
	tag_table_init(&fixture->config.tags);
	diag_init(&fixture->diag);
}

void fixture_deinit(struct fixture *fixture)
{
	lists_free(&fixture->loaded);
	diag_deinit(&fixture->diag);
	size_t length = strlen(fixture->folder);
	for (size_t i = 0; i < fixture->config.list_count; i++)
		if (!strncmp(fixture->files[i], fixture->folder, length))
			unlink(fixture->files[i]);
	rmdir(fixture->folder);
}

size_t fixture_add_file(struct fixture *fixture, const char *path)
{
	size_t number = fixture->config.list_count++;
	assert_true(number < FIXTURE_LIST_MAX);
	snprintf(fixture->names[number], sizeof fixture->names[number], "list %zu", number % 10);
	snprintf(fixture->files[number], sizeof fixture->files[number], "%s", path);
	fixture->lists[number] = (struct config_list){.pos = {10 + (unsigned)number, 5},
	                                              .name = fixture->names[number],
	                                              .file = fixture->files[number]};
	return number;
}

size_t fixture_add(struct fixture *fixture, const char *bytes, size_t length)
{
	char path[96];
	snprintf(path, sizeof path, "%s/%zu", fixture->folder, fixture->config.list_count);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	return fixture_add_file(fixture, path);
}

size_t fixture_add_text(struct fixture *fixture, const char *text)
{
	return fixture_add(fixture, text, strlen(text));
}

int fixture_load(struct fixture *fixture)
{
	lists_free(&fixture->loaded);
	return lists_load(&fixture->config, &fixture->diag, &fixture->loaded);
}

bool fixture_has(const struct fixture *fixture, size_t list, const char *text)
{
	struct list_found found;
	return fixture_find(fixture, list, text, &found, NULL);
}

bool fixture_find(const struct fixture *fixture, size_t list, const char *text,
                  struct list_found *found, struct list_identity *identity)
{
	struct dns_name name;
	struct list_set set;
	assert_int_equal(dns_name_from_text(text, &name), PF_OK);
	struct list_asked asked = {.name = &name, .type = DNS_TYPE_A};
	struct regex_scratch *scratch = lists_scratch_new(fixture->loaded);
	lists_match(fixture->loaded, scratch, &asked, &set);
	bool has = list_set_has(&set, list);
	assert_int_equal(lists_find(fixture->loaded, scratch, list, &asked, NULL, found), has);
	if (identity)
		assert_int_equal(lists_identify(fixture->loaded, scratch, list, &asked, NULL, identity),
		                 has);
	lists_scratch_free(&scratch);
	return has;
}

const char *fixture_finding(const struct fixture *fixture, size_t i)
{
	assert_true(i < fixture->diag.count);
	return fixture->diag.entries[i].text;
}

void fixture_write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}
