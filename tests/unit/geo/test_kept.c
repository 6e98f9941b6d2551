/* A reload that changes no database shares those in force, with their epoch and their warnings; any change is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "geo/geo.h"
#include "support/mmdb_writer.h"

#define DAY_US (86400LL * 1000000)
#define BUILT_S 1780000000ULL /* 2026-05-28 */

static const struct now soon = {0, (int64_t)BUILT_S * 1000000 + 10 * DAY_US},
						later = {0, (int64_t)BUILT_S * 1000000 + 60 * DAY_US};

struct world {
	char folder[64], one[96], two[96], ranges[96];
	struct config config;
	struct config_path locations[2], controls[1];
	struct country home[2];
	struct geo *first, *second;
	struct diag diag;
};

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int build(void **state)
{
	static const char *const lines[] = {"8.0.0.0/8 US", "9.0.0.0/8 CN"};
	struct world *world = calloc(1, sizeof *world);
	assert_non_null(world);
	strcpy(world->folder, "/tmp/portafilter-kept-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->one, sizeof world->one, "%s/GeoLite2-Country.mmdb", world->folder);
	snprintf(world->two, sizeof world->two, "%s/GeoIP2-Country.mmdb", world->folder);
	snprintf(world->ranges, sizeof world->ranges, "%s/asn.csv", world->folder);
	mmdb_write(world->one, "GeoLite2-Country", BUILT_S, MMDB_NESTED, lines, 2);
	mmdb_write(world->two, "GeoIP2-Country", BUILT_S + 1, MMDB_NESTED, lines, 2);
	write_text(world->ranges, "8.0.0.0,8.255.255.255,64496,Eight\n");
	strcpy(world->home[0].code, "US");
	world->locations[0].path = world->one;
	world->locations[1].path = world->two;
	world->controls[0].path = world->ranges;
	world->config.home = world->home;
	world->config.home_count = 1;
	world->config.geo = (struct config_geo){.location = world->locations,
	                                        .location_count = 2,
	                                        .control = world->controls,
	                                        .control_count = 1,
	                                        .max_age_us = 365 * DAY_US};
	diag_init(&world->diag);
	assert_int_equal(geo_load(&world->config, soon, 1, &world->diag, &world->first), PF_OK);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char command[128];
	geo_free(&world->first);
	geo_free(&world->second);
	diag_deinit(&world->diag);
	snprintf(command, sizeof command, "rm -rf '%s'", world->folder);
	assert_int_equal(system(command), 0);
	free(world);
	return 0;
}

static unsigned told(const struct world *world, const char *words)
{
	unsigned count = 0;
	for (size_t i = 0; i < world->diag.count; i++)
		count += strstr(world->diag.entries[i].text, words) != NULL;
	return count;
}

/* Loads once more, and tells whether the first is shared. */
static bool is_shared(struct world *world, struct now now)
{
	geo_free(&world->second);
	assert_int_equal(geo_load_kept(&world->config, world->first, now, 2, &world->diag,
	                               &world->second),
	                 PF_OK);
	assert_int_equal(geo_epoch(world->second), world->second == world->first ? 1 : 2);
	return world->second == world->first;
}

static void nothing_has_changed(void **state)
{
	struct world *world = *state;
	assert_int_equal(told(world, "same publisher"), 1);
	assert_int_equal(told(world, "days old"), 0);
	assert_true(is_shared(world, soon));
	assert_int_equal(told(world, "same publisher"), 2);
	/* Their age is that of today. */
	assert_true(is_shared(world, later));
	assert_true(told(world, "days old") >= 2);
	/* The first may go before the second. */
	geo_free(&world->first);
	assert_null(world->first);
	assert_int_equal(geo_location_count(world->second), 2);
	assert_string_equal(geo_organisation(world->second, 64496), "Eight");
}

static void a_file_has_changed(void **state)
{
	struct world *world = *state;
	write_text(world->ranges, "8.0.0.0,8.255.255.255,64496,Ocho\n");
	assert_false(is_shared(world, soon));
	assert_string_equal(geo_organisation(world->second, 64496), "Ocho");
	assert_string_equal(geo_organisation(world->first, 64496), "Eight");
}

static void a_file_was_replaced_by_one_of_the_same_size(void **state)
{
	struct world *world = *state;
	char aside[128];
	snprintf(aside, sizeof aside, "%s.new", world->ranges);
	write_text(aside, "8.0.0.0,8.255.255.255,64496,Nine!\n");
	assert_int_equal(rename(aside, world->ranges), 0);
	assert_false(is_shared(world, soon));
	assert_string_equal(geo_organisation(world->second, 64496), "Nine!");
}

static void a_file_is_gone(void **state)
{
	struct world *world = *state;
	assert_int_equal(unlink(world->two), 0);
	assert_int_equal(geo_load_kept(&world->config, world->first, soon, 2, &world->diag,
	                               &world->second),
	                 PF_EINVAL);
	assert_null(world->second);
}

static void the_configuration_says_something_else(void **state)
{
	struct world *world = *state;
	struct config config = world->config;
	strcpy(world->home[0].code, "CN");
	assert_false(is_shared(world, soon));
	strcpy(world->home[0].code, "US");
	assert_true(is_shared(world, soon));
	world->config.home_count = 0;
	assert_false(is_shared(world, soon));
	world->config = config;
	world->config.geo.max_age_us = DAY_US;
	assert_false(is_shared(world, soon));
	world->config = config;
	world->config.geo.location_count = 1;
	assert_false(is_shared(world, soon));
	world->config = config;
	world->config.geo.control_count = 0;
	assert_false(is_shared(world, soon));
	world->config = config;
	world->config.geo.anycast_published = true;
	assert_false(is_shared(world, soon));
	world->config = config;
	struct config_path swapped[2] = {world->locations[1], world->locations[0]};
	world->config.geo.location = swapped;
	assert_false(is_shared(world, soon));
	world->config = config;
	assert_true(is_shared(world, soon));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, build, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_has_changed),
		CASE(a_file_has_changed),
		CASE(a_file_was_replaced_by_one_of_the_same_size),
		CASE(a_file_is_gone),
		CASE(the_configuration_says_something_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
