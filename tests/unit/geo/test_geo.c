/* Unit tests of src/geo: with databases written for the purpose, and with MaxMind's test databases
 * where ../shared (or PF_SHARED) has them. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "geo/geo.h"
#include "support/mmdb_writer.h"

#define DAY_US (86400LL * 1000000)
#define BUILT_S 1780000000ULL /* 2026-05-28 */

static const struct now soon = {0, (int64_t)BUILT_S * 1000000 + 10 * DAY_US};

struct world {
	char folder[64], file[16];
	struct config config;
	struct config_path paths[8];
	char *names[8];
	size_t path_count;
	struct country home[2];
	struct diag diag;
	struct geo *geo;
};

static int build(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	assert_non_null(world);
	strcpy(world->folder, "/tmp/portafilter-geo-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	strcpy(world->home[0].code, "US");
	world->config.file = world->file;
	strcpy(world->file, "test.yaml");
	world->config.home = world->home;
	world->config.home_count = 1;
	world->config.geo.max_age_us = 365 * DAY_US;
	diag_init(&world->diag);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char command[128];
	geo_free(&world->geo);
	diag_deinit(&world->diag);
	snprintf(command, sizeof command, "rm -rf '%s'", world->folder);
	assert_int_equal(system(command), 0);
	for (size_t i = 0; i < PF_COUNT(world->names); i++)
		free(world->names[i]);
	free(world);
	return 0;
}

static struct config_path *add_path(struct world *world, const char *name)
{
	char *path;
	assert_true(asprintf(&path, "%s/%s", world->folder, name) > 0);
	free(world->names[world->path_count]);
	world->names[world->path_count] = path;
	struct config_path *to = &world->paths[world->path_count++];
	*to = (struct config_path){{(unsigned)world->path_count, 3}, path};
	return to;
}

#define WRITE(world, name, built, shape, ...)                                                  \
	do {                                                                                       \
		static const char *const lines_[] = {__VA_ARGS__};                                     \
		mmdb_write(add_path(world, name)->path, name, built, shape, lines_, PF_COUNT(lines_)); \
	} while (0)

/* All paths so far are location databases. */
static int load(struct world *world, struct now now)
{
	world->config.geo.location = world->paths;
	world->config.geo.location_count = world->path_count;
	return geo_load(&world->config, now, 7, &world->diag, &world->geo);
}

static bool told(const struct world *world, const char *words)
{
	for (size_t i = 0; i < world->diag.count; i++) {
		char text[DIAG_TEXT_MAX];
		diag_format(&world->diag.entries[i], text, sizeof text);
		if (strstr(text, words))
			return true;
	}
	return false;
}

union judged {
	struct answer_facts facts;
	uint8_t room[sizeof(struct answer_facts) + 16 * sizeof(struct address_facts)];
};

static void judge(const struct world *world, struct now now, const char *addresses,
                  union judged *out)
{
	struct addr list[16];
	size_t count = 0;
	char *copy = strdup(addresses), *rest = copy;
	for (char *word; (word = strsep(&rest, " "));)
		if (*word)
			assert_int_equal(addr_parse(word, &list[count++]), PF_OK);
	free(copy);
	memset(out, 0xee, sizeof *out);
	geo_judge(world->geo, 0, list, count, now, &out->facts);
}

static void expect(const struct world *world, const char *addresses, enum standing standing,
                   enum confidence confidence)
{
	union judged judged;
	judge(world, soon, addresses, &judged);
	if (judged.facts.standing != standing || judged.facts.confidence != confidence)
		print_message("%s: %s/%s\n", addresses, standing_word(judged.facts.standing),
		              confidence_word(judged.facts.confidence));
	assert_int_equal(judged.facts.standing, standing);
	assert_int_equal(judged.facts.confidence, confidence);
}

/* ---- standing and confidence ------------------------------------------------------------- */

#define FIRST                                                                          \
	"8.0.0.0/8 US", "9.0.0.0/8 CN", "11.0.0.0/8 CN", "12.0.0.0/8 US", "13.0.0.0/8 DE", \
		"2a00::/16 CN"
#define SECOND                                                                             \
	"8.0.0.0/8 US", "9.0.0.0/8 CN", "11.0.0.0/8 HK", "12.0.0.0/8 CN", "192.168.0.0/16 AU", \
		"2a00::/16 CN"

static void two_databases(struct world *world)
{
	WRITE(world, "one-country.mmdb", BUILT_S, MMDB_NESTED, FIRST);
	WRITE(world, "two-asn-country.mmdb", BUILT_S + 86400, MMDB_FLAT, SECOND);
	assert_int_equal(load(world, soon), PF_OK);
}

static void standing_follows_from_the_databases(void **state)
{
	struct world *world = *state;
	two_databases(world);
	expect(world, "8.8.8.8", STANDING_HOME, CONFIDENCE_HIGH);
	expect(world, "9.9.9.9", STANDING_OVERSEAS, CONFIDENCE_HIGH);
	expect(world, "2a00::1", STANDING_OVERSEAS, CONFIDENCE_HIGH);
	expect(world, "11.1.1.1", STANDING_OVERSEAS,
	       CONFIDENCE_MEDIUM); /* CN and HK: one side, two countries */
	expect(world, "12.1.1.1", STANDING_DISPUTED, CONFIDENCE_LOW);
	expect(world, "13.1.1.1", STANDING_OVERSEAS, CONFIDENCE_MEDIUM); /* one knows it */
	expect(world, "14.1.1.1", STANDING_UNKNOWN, CONFIDENCE_LOW);
	expect(world, "::ffff:9.9.9.9", STANDING_OVERSEAS, CONFIDENCE_HIGH);
	expect(world, "64:ff9b::9.9.9.9", STANDING_OVERSEAS, CONFIDENCE_HIGH);
	expect(world, "2002:909:909::1", STANDING_OVERSEAS, CONFIDENCE_HIGH);
	expect(world, "", STANDING_NONE, CONFIDENCE_NONE);
}

static void answers_are_judged_whole(void **state)
{
	struct world *world = *state;
	union judged judged;
	two_databases(world);
	expect(world, "9.9.9.9 9.9.9.8", STANDING_OVERSEAS, CONFIDENCE_HIGH);
	expect(world, "8.8.8.8 8.8.4.4", STANDING_HOME, CONFIDENCE_HIGH);
	expect(world, "8.8.8.8 9.9.9.9", STANDING_OVERSEAS, CONFIDENCE_LOW); /* both sides */
	expect(world, "9.9.9.9 13.1.1.1", STANDING_OVERSEAS, CONFIDENCE_MEDIUM);
	expect(world, "8.8.8.8 12.1.1.1", STANDING_DISPUTED, CONFIDENCE_LOW);
	expect(world, "8.8.8.8 14.1.1.1", STANDING_UNKNOWN, CONFIDENCE_LOW);
	expect(world, "9.9.9.9 192.168.1.1", STANDING_OVERSEAS,
	       CONFIDENCE_HIGH); /* private ones do not count */
	judge(world, soon, "8.8.8.8 9.9.9.9 8.8.4.4", &judged);
	assert_int_equal(judged.facts.address_count, 3);
	assert_int_equal(judged.facts.overseas_count, 1);
	assert_int_equal(judged.facts.judged_count, 3);
	assert_int_equal(judged.facts.epoch, 7);
	assert_string_equal(judged.facts.addresses[1].location.code, "CN");
	assert_string_equal(judged.facts.addresses[1].locations[0].code, "CN");
	assert_string_equal(judged.facts.addresses[1].locations[1].code, "CN");
}

static void private_addresses_reach_no_database(void **state)
{
	struct world *world = *state;
	union judged judged;
	two_databases(world); /* the second knows 192.168.0.0/16 as AU */
	static const char *const cases[] = {"192.168.1.1", "::ffff:192.168.1.1", "64:ff9b::192.168.1.1",
	                                    "2002:c0a8:101::1"};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		judge(world, soon, cases[i], &judged);
		assert_int_equal(judged.facts.standing, STANDING_UNKNOWN);
		assert_true(judged.facts.addresses[0].special);
		assert_string_equal(judged.facts.addresses[0].location.code, "");
		assert_string_equal(judged.facts.addresses[0].locations[1].code, "");
		assert_int_equal(judged.facts.judged_count, 0);
	}
}

static void old_databases_give_medium_at_best(void **state)
{
	struct world *world = *state;
	union judged judged;
	two_databases(world);
	struct now later = {0, (int64_t)BUILT_S * 1000000 + 364 * DAY_US};
	judge(world, later, "9.9.9.9", &judged);
	assert_int_equal(judged.facts.confidence, CONFIDENCE_HIGH);
	later.wall_us += 2 * DAY_US;
	judge(world, later, "9.9.9.9", &judged);
	assert_int_equal(judged.facts.confidence, CONFIDENCE_MEDIUM);
	assert_int_equal(judged.facts.standing, STANDING_OVERSEAS);
}

static void age_is_warned_of_from_45_days(void **state)
{
	struct world *world = *state;
	WRITE(world, "one-country.mmdb", BUILT_S, MMDB_FLAT, FIRST);
	struct now now = {0, (int64_t)BUILT_S * 1000000 + 44 * DAY_US};
	assert_int_equal(load(world, now), PF_OK);
	assert_int_equal(world->diag.warnings, 0);
	geo_free(&world->geo);
	now.wall_us += 2 * DAY_US;
	assert_int_equal(load(world, now), PF_OK);
	assert_true(told(world, "one 2026-05"));
	assert_true(told(world, "is 46 days old"));
}

static void without_home_nothing_is_claimed(void **state)
{
	struct world *world = *state;
	union judged judged;
	world->config.home_count = 0;
	two_databases(world);
	judge(world, soon, "9.9.9.9", &judged);
	assert_int_equal(judged.facts.standing, STANDING_UNKNOWN);
	assert_string_equal(judged.facts.addresses[0].location.code,
	                    "CN"); /* but it is said where it stands */
}

/* Facts of one address, a standing for each home. */
static void each_home_has_its_standing(void **state)
{
	struct world *world = *state;
	static struct country china = {"CN"}, both[] = {{"US"}, {"CN"}};
	struct config_home homes[] = {{5, 1, &china}, {9, 2, both}, {12, 0, NULL}};
	world->config.tag_homes = homes;
	world->config.tag_home_count = PF_COUNT(homes);
	two_databases(world);
	static const enum standing standings[] = {STANDING_OVERSEAS, STANDING_HOME, STANDING_HOME,
	                                          STANDING_UNKNOWN};
	struct addr nine = {4, {9, 9, 9, 9}};
	assert_int_equal(geo_home_count(world->geo), 4);
	for (size_t i = 0; i < 4; i++) {
		union judged judged;
		geo_judge(world->geo, i, &nine, 1, soon, &judged.facts);
		assert_int_equal(judged.facts.standing, standings[i]);
		assert_string_equal(judged.facts.addresses[0].location.code, "CN");
	}
	assert_int_equal(geo_home_of(world->geo, tag_bit(TAG_ALL)), 0);
	assert_int_equal(geo_home_of(world->geo, tag_bit(TAG_ALL) | tag_bit(9)), 2);
	assert_int_equal(geo_home_of(world->geo, tag_bit(9) | tag_bit(5)), 1); /* the first named */
	assert_int_equal(geo_home_of(world->geo, tag_bit(12)), 3);
	world->config.tag_home_count = 0;
}

/* Every address of the list that comes with the program is indeterminate, and the list is whole. */
static void published_anycast_is_in_force(void **state)
{
	struct world *world = *state;
	static const char *const inside[] = {"8.8.8.8",      "1.1.1.1",    "9.9.9.9",
	                                     "198.41.0.4",   "104.16.0.1", "172.71.255.255",
	                                     "2606:4700::1", "2001:7fd::1"};
	world->config.geo.anycast_published = true;
	WRITE(world, "one-country.mmdb", BUILT_S, MMDB_FLAT, "0.0.0.0/1 US", "128.0.0.0/1 CN");
	WRITE(world, "two-country.mmdb", BUILT_S + 1, MMDB_FLAT, "0.0.0.0/1 US", "128.0.0.0/1 CN");
	assert_int_equal(load(world, soon), PF_OK);
	for (size_t i = 0; i < PF_COUNT(inside); i++)
		expect(world, inside[i], STANDING_INDETERMINATE, CONFIDENCE_LOW);
	expect(world, "8.8.8.9", STANDING_HOME, CONFIDENCE_HIGH);
	struct geo_source source;
	geo_source(world->geo, geo_source_count(world->geo) - 1, &source);
	assert_string_equal(source.kind, "anycast");
	assert_true(source.entries > 80);
	assert_true(source.built_wall_us > (int64_t)BUILT_S * 1000000);
}

static void one_publisher_is_one_voice(void **state)
{
	struct world *world = *state;
	WRITE(world, "GeoLite2-Country", BUILT_S, MMDB_NESTED, "9.0.0.0/8 CN", "8.0.0.0/8 US");
	WRITE(world, "GeoIP2-City", BUILT_S + 86400, MMDB_NESTED, "9.0.0.0/8 CN", "8.0.0.0/8 US");
	assert_int_equal(load(world, soon), PF_OK);
	assert_true(told(world, "come from the same publisher"));
	expect(world, "9.9.9.9", STANDING_OVERSEAS, CONFIDENCE_MEDIUM);
	geo_free(&world->geo);
	WRITE(world, "other-country.mmdb", BUILT_S, MMDB_FLAT, "9.0.0.0/8 CN");
	assert_int_equal(load(world, soon), PF_OK);
	expect(world, "9.9.9.9", STANDING_OVERSEAS, CONFIDENCE_HIGH);
	expect(world, "8.8.8.8", STANDING_HOME, CONFIDENCE_MEDIUM);
}

static void databases_of_the_future_are_warned_of(void **state)
{
	struct world *world = *state;
	WRITE(world, "one-country.mmdb", BUILT_S, MMDB_FLAT, FIRST);
	struct now now = {0, (int64_t)BUILT_S * 1000000 - 3 * DAY_US};
	assert_int_equal(load(world, now), PF_OK);
	assert_true(told(world, "was built 3 days from now"));
}

static void every_shape_is_read(void **state)
{
	struct world *world = *state;
	union judged judged;
	WRITE(world, "a.mmdb", BUILT_S, MMDB_FLAT, "9.0.0.0/8 cn");
	WRITE(world, "b.mmdb", BUILT_S + 1, MMDB_NESTED, "9.0.0.0/8 CN");
	WRITE(world, "c.mmdb", BUILT_S + 2, MMDB_IPINFO, "9.0.0.0/8 CN", "10.0.0.0/8 EU");
	assert_int_equal(load(world, soon), PF_OK);
	judge(world, soon, "9.9.9.9", &judged);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(judged.facts.addresses[0].locations[i].code, "CN");
	assert_string_equal(geo_location_label(world->geo, 0), "a 2026-05");
	assert_int_equal(geo_location_count(world->geo), 3);
	judge(world, soon, "10.0.0.1", &judged); /* what is no country is not known */
	assert_string_equal(judged.facts.addresses[0].location.code, "");
}

/* ---- control and anycast ----------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fputs(text, file) >= 0, 1);
	assert_int_equal(fclose(file), 0);
}

static int load_with(struct world *world, const char *control, const char *anycast)
{
	WRITE(world, "one-country.mmdb", BUILT_S, MMDB_FLAT, FIRST);
	struct config_path *control_path = add_path(world, "asn.csv"),
					   *anycast_path = add_path(world, "any.txt");
	write_text(control_path->path, control);
	write_text(anycast_path->path, anycast);
	world->config.geo.control = control_path;
	world->config.geo.anycast = anycast_path;
	world->config.geo.control_count = world->config.geo.anycast_count = 1;
	world->path_count = 1;
	return load(world, soon);
}

static void control_comes_from_ranges(void **state)
{
	struct world *world = *state;
	union judged judged;
	assert_int_equal(
		load_with(world,
	              "# start,end,asn,organisation\n"
	              "9.0.0.0,9.0.255.255,37963,\"Alibaba, \"\"Cloud\"\"\"\r\n"
	              "8.0.0.0,8.0.0.255,37963,again\n" /* 256 addresses in US, 65536 in CN */
	              "8.1.0.0,8.1.0.255,16509,Amazon.com\n"
	              "9.0.1.0,9.0.1.255,45090,\"inside \001\"\n"
	              "2a00::,2a00::ffff,15169,Google LLC\n",
	              "1.1.1.0/24\n"),
		PF_OK);
	judge(world, soon, "9.0.0.7 8.1.0.1 9.0.1.9 2a00::1 13.1.1.1", &judged);
	assert_int_equal(judged.facts.addresses[0].asn, 37963);
	assert_string_equal(judged.facts.addresses[0].control.code, "CN");
	assert_string_equal(geo_organisation(world->geo, 37963), "Alibaba, \"Cloud\"");
	assert_int_equal(judged.facts.addresses[1].asn, 16509);
	assert_string_equal(judged.facts.addresses[1].control.code, "US");
	assert_int_equal(judged.facts.addresses[2].asn, 45090); /* the range that starts later */
	assert_string_equal(geo_organisation(world->geo, 45090), "inside ");
	assert_int_equal(judged.facts.addresses[3].asn, 15169);
	assert_string_equal(judged.facts.addresses[3].control.code, "CN"); /* only by IPv6 */
	assert_int_equal(judged.facts.addresses[4].asn, 0);
	assert_string_equal(geo_organisation(world->geo, 4711), "");
	struct geo_source source;
	geo_source(world->geo, 1, &source);
	assert_string_equal(source.kind, "control");
	assert_int_equal(source.entries, 5);
}

static void anycast_claims_nothing_without_home(void **state)
{
	struct world *world = *state;
	world->config.home_count = 0;
	assert_int_equal(load_with(world, "9.0.0.0,9.0.255.255,1,x\n", "9.0.1.0/24\n"), PF_OK);
	expect(world, "9.0.1.1", STANDING_UNKNOWN, CONFIDENCE_LOW);
}

static void anycast_is_indeterminate(void **state)
{
	struct world *world = *state;
	assert_int_equal(
		load_with(
			world, "9.0.0.0,9.0.255.255,1,x\n",
			"# census\n9.0.1.0/24  # a comment\n9.0.0.0/23,second column\n\n2a00:1::/32\n8.8.8.8\n"
			"\"9.7.0.0/16\",quoted\n9.7.1.0/24\n9.8.0.0/16\n"),
		PF_OK);
	expect(world, "9.0.0.1", STANDING_INDETERMINATE, CONFIDENCE_LOW);
	expect(world, "9.0.1.255", STANDING_INDETERMINATE, CONFIDENCE_LOW);
	expect(world, "9.0.2.0", STANDING_OVERSEAS, CONFIDENCE_MEDIUM);
	expect(world, "9.6.255.255", STANDING_OVERSEAS, CONFIDENCE_MEDIUM);
	expect(world, "9.7.0.0", STANDING_INDETERMINATE, CONFIDENCE_LOW);
	expect(world, "9.7.200.1", STANDING_INDETERMINATE,
	       CONFIDENCE_LOW); /* behind the narrower one */
	expect(world, "9.8.255.255", STANDING_INDETERMINATE, CONFIDENCE_LOW);
	expect(world, "9.9.0.0", STANDING_OVERSEAS, CONFIDENCE_MEDIUM);
	expect(world, "2a00:1::1", STANDING_INDETERMINATE, CONFIDENCE_LOW);
	expect(world, "2a00:2::1", STANDING_OVERSEAS, CONFIDENCE_MEDIUM);
	expect(world, "8.8.8.8", STANDING_INDETERMINATE, CONFIDENCE_LOW);
	expect(world, "8.8.8.7 8.8.8.8", STANDING_INDETERMINATE, CONFIDENCE_LOW);
	expect(world, "9.9.9.9 8.8.8.8", STANDING_OVERSEAS, CONFIDENCE_LOW);
}

static void bad_text_files_are_refused(void **state)
{
	struct world *world = *state;
	assert_int_equal(load_with(world, "this is\nno table\n", "1.1.1.0/24\n"), PF_EINVAL);
	assert_null(world->geo);
	assert_true(told(world, "asn.csv:1:1: error: 2 of 2 lines are wrong"));
}

static void a_few_bad_lines_are_a_warning(void **state)
{
	struct world *world = *state;
	struct buffer_text {
		char text[20000];
	} *text = calloc(1, sizeof *text);
	size_t used = 0;
	for (int i = 0; i < 300; i++)
		used += (size_t)snprintf(text->text + used, sizeof text->text - used,
		                         "9.%d.%d.0,9.%d.%d.255,%d,org\n", i / 250, i % 250, i / 250,
		                         i % 250, i + 1);
	snprintf(text->text + used, sizeof text->text - used, "9.5.0.0,9.4.0.0,1,backwards\n");
	assert_int_equal(load_with(world, text->text, "1.1.1.0/24\n"), PF_OK);
	assert_true(told(world, "asn.csv:301:1: warning: 1 of 301 lines are skipped"));
	free(text);
}

/* ---- files that are no good -------------------------------------------------------------- */

static void broken_databases_are_refused(void **state)
{
	struct world *world = *state;
	add_path(world, "missing.mmdb");
	write_text(add_path(world, "empty.mmdb")->path, "");
	write_text(add_path(world, "text.mmdb")->path, "<html>404</html>\n");
	WRITE(world, "isp.mmdb", BUILT_S, MMDB_NO_COUNTRY, "9.0.0.0/8 CN");
	assert_int_equal(load(world, soon), PF_EINVAL);
	assert_null(world->geo);
	assert_int_equal(world->diag.errors, 4); /* all at once */
	assert_true(told(world, "test.yaml:1:3: error:"));
	assert_true(told(world, "missing.mmdb can not be used: No such file"));
	assert_true(told(world, "empty.mmdb can not be used: it is empty"));
	assert_true(told(world, "text.mmdb"));
	assert_true(told(world, "isp.mmdb can not be used: it names no country"));
}

static void the_same_database_is_no_second_opinion(void **state)
{
	struct world *world = *state;
	WRITE(world, "one-country.mmdb", BUILT_S, MMDB_FLAT, FIRST);
	world->paths[1] = world->paths[0];
	world->path_count = 2;
	assert_int_equal(load(world, soon), PF_EINVAL);
	assert_true(told(world, "is the same database as"));
}

/* Whatever is wrong with its bytes, a database is taken or refused, and look-ups stay inside of it. */
static void mutated_databases_do_no_harm(void **state)
{
	struct world *world = *state;
	static uint8_t original[100000], mutated[100000];
	WRITE(world, "one-country.mmdb", BUILT_S, MMDB_NESTED, FIRST);
	FILE *file = fopen(world->paths[0].path, "rb");
	size_t size = fread(original, 1, sizeof original, file);
	fclose(file);
	assert_true(size > 100 && size < sizeof original);
	unsigned taken = 0, refused = 0;
	uint32_t random = 20261123;
	for (int round = 0; round < 600; round++) {
		memcpy(mutated, original, size);
		size_t length = size;
		for (int i = 0; i < 1 + round % 4; i++) {
			random = random * 1664525 + 1013904223;
			mutated[(random >> 8) % size] ^= (uint8_t)(1u << (random % 8));
		}
		if (round % 7 == 0)
			length = (random >> 8) % size;
		file = fopen(world->paths[0].path, "wb");
		assert_int_equal(fwrite(mutated, 1, length, file), length);
		fclose(file);
		if (load(world, soon) == PF_OK) {
			union judged judged;
			judge(world, soon, "8.8.8.8 9.9.9.9 13.1.1.1 2a00::1 1.2.3.4 ffff::1", &judged);
			taken++;
		} else {
			refused++;
		}
		geo_free(&world->geo);
	}
	assert_true(taken > 0 && refused > 0);
}

static const char *shared(char path[512], const char *name)
{
	const char *folder = getenv("PF_SHARED");
	if (folder)
		snprintf(path, 512, "%s/data/mmdb/%s", folder, name);
	else
		snprintf(path, 512, "%s/../../shared/data/mmdb/%s", TESTS_DIR, name);
	return access(path, R_OK) ? NULL : path;
}

static void maxmind_test_databases(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *name;
		bool good;
	} cases[] = {
		{"GeoIP2-Country-Test.mmdb", true},
		{"GeoLite2-Country-Test.mmdb", true},
		{"GeoIP2-City-Test.mmdb", true},
		{"GeoLite2-City-Test.mmdb", true},
		{"GeoLite2-ASN-Test.mmdb", false},
		{"GeoIP2-ISP-Test.mmdb", false},
		{"GeoIP2-City-Test-Broken-Double-Format.mmdb", false},
		{"GeoIP2-City-Test-Invalid-Node-Count.mmdb", false},
		{"MaxMind-DB-test-broken-pointers-24.mmdb", false},
		{"MaxMind-DB-test-broken-search-tree-24.mmdb", false},
		{"MaxMind-DB-string-value-entries.mmdb", false},
		{"MaxMind-DB-test-decoder.mmdb", false},
		{"MaxMind-DB-test-ipv4-24.mmdb", false},
	};
	char path[512];
	union judged judged;
	struct now now = {0, 1795465583000000};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		if (!shared(path, cases[i].name)) {
			print_message("skipped: no %s\n", cases[i].name);
			skip();
		}
		world->paths[0] = (struct config_path){{1, 1}, path};
		world->path_count = 1;
		int result = load(world, now);
		if ((result == PF_OK) != cases[i].good)
			print_message("%s\n", cases[i].name);
		assert_int_equal(result == PF_OK, cases[i].good);
		geo_free(&world->geo);
	}
	world->paths[0].path = (char *)shared(path, "GeoIP2-Country-Test.mmdb");
	assert_int_equal(load(world, now), PF_OK);
	judge(world, now, "2.125.160.216 216.160.83.56 89.160.20.112", &judged);
	assert_string_equal(judged.facts.addresses[0].location.code, "GB");
	assert_string_equal(judged.facts.addresses[1].location.code, "US");
	assert_string_equal(judged.facts.addresses[2].location.code, "SE");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, build, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(standing_follows_from_the_databases),
		CASE(answers_are_judged_whole),
		CASE(private_addresses_reach_no_database),
		CASE(old_databases_give_medium_at_best),
		CASE(age_is_warned_of_from_45_days),
		CASE(without_home_nothing_is_claimed),
		CASE(each_home_has_its_standing),
		CASE(published_anycast_is_in_force),
		CASE(one_publisher_is_one_voice),
		CASE(databases_of_the_future_are_warned_of),
		CASE(every_shape_is_read),
		CASE(control_comes_from_ranges),
		CASE(anycast_is_indeterminate),
		CASE(anycast_claims_nothing_without_home),
		CASE(bad_text_files_are_refused),
		CASE(a_few_bad_lines_are_a_warning),
		CASE(broken_databases_are_refused),
		CASE(the_same_database_is_no_second_opinion),
		CASE(mutated_databases_do_no_harm),
		CASE(maxmind_test_databases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
