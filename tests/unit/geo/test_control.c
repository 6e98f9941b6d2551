/* Unit tests of control.h: AS ranges from texts and from ASN databases, overlaps, the country of a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "geo/control.h"
#include "geo/csv.h"
#include "unit/geo/image.h"

struct world {
	char path[64], second[64];
	struct control *control;
	struct location *location;
	struct control_file read;
	struct diag diag;
	struct image *image;
};

static void make_file(char path[64])
{
	strcpy(path, "/tmp/portafilter-asn-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
}

static int build(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	assert_non_null(world);
	make_file(world->path);
	make_file(world->second);
	world->control = control_new();
	assert_non_null(world->control);
	diag_init(&world->diag);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	unlink(world->path);
	unlink(world->second);
	control_free(&world->control);
	location_close(&world->location);
	diag_deinit(&world->diag);
	free(world->image);
	free(world);
	return 0;
}

static int read_file(struct world *world)
{
	struct config_path path = {{7, 3}, world->path};
	return control_read(world->control, &path, "test.yaml", &world->diag, &world->read);
}

static int read_bytes(struct world *world, const char *bytes, size_t length)
{
	FILE *file = fopen(world->path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	return read_file(world);
}

static int read_text(struct world *world, const char *text)
{
	return read_bytes(world, text, strlen(text));
}

static const struct as *find(const struct world *world, const char *text)
{
	struct addr addr;
	assert_int_equal(addr_parse(text, &addr), PF_OK);
	return control_find(world->control, &addr);
}

static uint32_t asn_of(const struct world *world, const char *text)
{
	const struct as *as = find(world, text);
	return as ? as->number : 0;
}

static bool told(const struct world *world, const char *words)
{
	for (size_t i = 0; i < world->diag.count; i++) {
		char text[DIAG_TEXT_MAX + 256];
		diag_format(&world->diag.entries[i], text, sizeof text);
		if (strstr(text, words))
			return true;
		print_message("told: %s\n", text);
	}
	return false;
}

/* ---- texts ------------------------------------------------------------------------------- */

static void fields_are_read_as_csv_has_them(void **state)
{
	struct world *world = *state;
	assert_int_equal(read_text(world, "\"9.0.0.0\",\"9.0.0.255\",\"1\",\"Comma, Inc.\"\n"
	                                  "9.0.1.0,9.0.1.255,AS2,\"say \"\"hi\"\"\"\r\n"
	                                  "9.0.2.0,9.0.2.255,4294967295,\n"
	                                  "9.0.3.0,9.0.3.255,4\n"
	                                  "9.0.4.0,9.0.4.255,5,\"never closed\n"
	                                  "9.0.5.0,9.0.5.255,6,one,column more\n"
	                                  "\n# a comment\n"
	                                  "2a00::,2a00:0:ffff:ffff:ffff:ffff:ffff:ffff,7,six\n"
	                                  "9.0.6.0,9.0.6.255,0,nobody\n"
	                                  "9.0.7.7,9.0.7.7,8,\"last \xff\""),
	                 PF_OK);
	assert_int_equal(control_finish(world->control, NULL), PF_OK);
	assert_int_equal(world->diag.count, 0);
	assert_int_equal(world->read.count, 8);
	assert_true(world->read.built_us == 0);
	assert_int_equal(asn_of(world, "9.0.0.255"), 1);
	assert_string_equal(control_organisation(world->control, 1), "Comma, Inc.");
	assert_string_equal(control_organisation(world->control, 2), "say \"hi\"");
	assert_int_equal(asn_of(world, "9.0.2.1"), UINT32_MAX);
	assert_string_equal(control_organisation(world->control, UINT32_MAX), "");
	assert_int_equal(asn_of(world, "9.0.3.0"), 4);
	assert_string_equal(control_organisation(world->control, 5), "never closed");
	assert_string_equal(control_organisation(world->control, 6), "one");
	assert_int_equal(asn_of(world, "2a00:0:8000::"), 7);
	assert_int_equal(asn_of(world, "2a00:1::"), 0);
	assert_int_equal(asn_of(world, "9.0.6.1"), 0); /* AS 0 announces nothing */
	assert_int_equal(asn_of(world, "9.0.7.7"), 8);
	assert_int_equal(asn_of(world, "9.0.7.8"), 0);
	assert_string_equal(control_organisation(world->control, 8), "last ?");
}

static void bad_lines_are_found(void **state)
{
	struct world *world = *state;
	static const char *const bad[] = {
		"9.0.0.0",
		"9.0.0.0,9.0.0.255",
		"9.0.0.0,9.0.0.255,",
		"9.0.0.0,9.0.0.255,x,y",
		"9.0.0.0,9.0.0.255,-1,y",
		"9.0.0.0,9.0.0.255,4294967296,y",
		"9.0.0.0,9.0.0.255,99999999999999999999,y",
		"9.0.0.255,9.0.0.0,1,y",
		"9.0.0.0,2a00::,1,y",
		"9.0.0.0/24,,1,y",
		"start,end,asn,organisation",
	};
	for (size_t i = 0; i < PF_COUNT(bad); i++) {
		diag_deinit(&world->diag);
		diag_init(&world->diag);
		assert_int_equal(read_text(world, bad[i]), PF_EINVAL);
		assert_true(told(world, ":1:1: error: 1 of 1 lines are wrong"));
		assert_true(told(world, "start,end,asn,organisation"));
	}
	assert_int_equal(read_text(world, "# nothing but a comment\n\n"), PF_EINVAL);
	assert_true(told(world, "no line in it but comments"));
}

static void files_that_are_none_are_refused(void **state)
{
	struct world *world = *state;
	assert_int_equal(read_text(world, ""), PF_EINVAL);
	assert_true(told(world, "test.yaml:7:3: error: "));
	assert_true(told(world, "it is empty"));
	unlink(world->path);
	assert_int_equal(read_file(world), PF_EINVAL);
	assert_true(told(world, "No such file"));
	strcpy(world->path, "/tmp");
	assert_int_equal(read_file(world), PF_EINVAL);
	assert_true(told(world, "it is no file"));
	strcpy(world->path, "/nowhere");
}

/* Lines longer than a piece, and lines that end where a piece does. */
static void long_lines_are_bad_ones(void **state)
{
	struct world *world = *state;
	size_t size = 400000, used = 0;
	char *text = malloc(size);
	assert_non_null(text);
	for (int i = 0; i < 200; i++)
		used += (size_t)snprintf(text + used, size - used, "9.%d.0.0,9.%d.255.255,%d,%0*d\n", i, i,
		                         i + 1, 300 + i % 7, i);
	assert_true(used > CSV_LINE_BYTES_MAX);
	memset(text + used, 'z', 200000); /* three pieces */
	used += 200000;
	used += (size_t)snprintf(text + used, size - used, "\n8.0.0.0,8.0.0.255,4711,behind it\n");
	assert_int_equal(read_bytes(world, text, used), PF_OK);
	free(text);
	assert_int_equal(control_finish(world->control, NULL), PF_OK);
	assert_true(told(world, ":201:1: warning: 1 of 202 lines are skipped"));
	assert_int_equal(world->read.count, 201);
	for (int i = 0; i < 200; i++) {
		char address[32];
		snprintf(address, sizeof address, "9.%d.3.4", i);
		assert_int_equal(asn_of(world, address), i + 1);
	}
	assert_int_equal(asn_of(world, "8.0.0.0"), 4711);
}

/* What is left of a long line is no line of its own. */
static void the_rest_of_a_long_line_is_no_line(void **state)
{
	struct world *world = *state;
	static const char tail[] = "7.0.0.0,7.0.0.255,666,x\n9.0.0.0,9.0.0.255,1,x\n";
	size_t lead = CSV_LINE_BYTES_MAX, good = 0;
	char *text = malloc(lead + 20000);
	assert_non_null(text);
	memset(text, 'z', lead);
	memcpy(text + lead, tail, sizeof tail);
	size_t used = lead + sizeof tail - 1;
	for (; good < 200; good++)
		used += (size_t)sprintf(text + used, "9.1.%zu.0,9.1.%zu.255,1,x\n", good, good);
	assert_int_equal(read_bytes(world, text, used), PF_OK);
	free(text);
	assert_true(told(world, ":1:1: warning: 1 of 202 lines are skipped"));
	assert_int_equal(control_finish(world->control, NULL), PF_OK);
	assert_int_equal(asn_of(world, "7.0.0.1"), 0);
	assert_int_equal(asn_of(world, "9.0.0.1"), 1);
}

/* ---- overlaps ---------------------------------------------------------------------------- */

struct plain {
	uint32_t start, end, as;
};

/* What control.h promises, read off all ranges one by one. */
static uint32_t naive(const struct plain *ranges, size_t count, uint32_t address)
{
	const struct plain *best = NULL;
	for (size_t i = 0; i < count; i++) {
		const struct plain *range = &ranges[i];
		if (address < range->start || address > range->end)
			continue;
		if (!best || range->start > best->start ||
		    (range->start == best->start &&
		     (range->end < best->end || (range->end == best->end && range->as < best->as))))
			best = range;
	}
	return best ? best->as : 0;
}

static void print_range(FILE *file, bool v6, const struct plain *range)
{
	/* 64 values are spread over the whole space, so that both its ends are met. */
	for (int i = 0; i < 2; i++) {
		uint32_t value = i ? range->end : range->start;
		uint32_t high = value * 4, rest = i ? 0xffffff : 0;
		if (v6)
			fprintf(file, "%02x%02x:%x:%x:%x:%x:%x:%x:%x,", high + (i ? 3 : 0), rest & 255,
			        rest & 65535, rest & 65535, rest & 65535, rest & 65535, rest & 65535,
			        rest & 65535, rest & 65535);
		else
			fprintf(file, "%u.%u.%u.%u,", high + (i ? 3 : 0), rest & 255, rest & 255, rest & 255);
	}
	fprintf(file, "%u,x\n", range->as);
}

static void overlaps_are_resolved_as_promised(void **state)
{
	struct world *world = *state;
	uint32_t random = 7;
	for (int round = 0; round < 300; round++) {
		struct plain ranges[12];
		size_t count = 1 + (size_t)round % PF_COUNT(ranges);
		bool v6 = round & 1;
		FILE *file = fopen(world->path, "wb");
		assert_non_null(file);
		for (size_t i = 0; i < count; i++) {
			random = random * 1664525 + 1013904223;
			uint32_t a = random >> 26, b = random >> 20 & 63;
			ranges[i] = (struct plain){a < b ? a : b, a < b ? b : a, (uint32_t)i + 1};
			print_range(file, v6, &ranges[i]);
		}
		assert_int_equal(fclose(file), 0);
		assert_int_equal(read_file(world), PF_OK);
		assert_int_equal(control_finish(world->control, NULL), PF_OK);
		for (uint32_t value = 0; value < 64; value++) {
			struct addr addr = {v6 ? 6 : 4, {(uint8_t)(value * 4 + 1)}};
			const struct as *as = control_find(world->control, &addr);
			assert_int_equal(as ? as->number : 0, naive(ranges, count, value));
			memset(addr.bytes + 1, 0xff, v6 ? 15 : 3);
			addr.bytes[0] |= 3;
			as = control_find(world->control, &addr);
			assert_int_equal(as ? as->number : 0, naive(ranges, count, value));
		}
		control_free(&world->control);
		world->control = control_new();
	}
}

static void ranges_may_share_one_address(void **state)
{
	struct world *world = *state;
	assert_int_equal(
		read_text(world,
	              "9.0.0.5,9.0.0.9,2,\n9.0.0.0,9.0.0.5,1,\n"
	              "2a00::,2a00::5,3,\n2a00::5,2a00::9,4,\n2b00::,2b00::,7,\n2b00::,2b00::,8,\n"
	              "10.0.0.0,10.0.0.0,6,\n10.0.0.0,10.0.0.0,5,\n"),
		PF_OK);
	assert_int_equal(control_finish(world->control, NULL), PF_OK);
	assert_int_equal(asn_of(world, "9.0.0.4"), 1);
	assert_int_equal(asn_of(world, "9.0.0.5"), 2);
	assert_int_equal(asn_of(world, "9.0.0.9"), 2);
	assert_int_equal(asn_of(world, "2a00::4"), 3);
	assert_int_equal(asn_of(world, "2a00::5"), 4);
	assert_int_equal(asn_of(world, "10.0.0.0"), 6);  /* the AS that the file names first */
	assert_int_equal(world->control->map.count4, 6); /* none is empty, none is there twice */
	assert_int_equal(asn_of(world, "2b00::"), 7);
}

/* ---- ASN databases ----------------------------------------------------------------------- */

static void networks_come_from_a_database(void **state)
{
	struct world *world = *state;
	struct image *image = world->image = image_new(6);
	image_insert(image, "9.0.0.0/8", IMAGE_DATA | image_network(image, 37963, "Alibaba"));
	image_insert(image, "9.1.0.0/16", IMAGE_DATA | image_network(image, 45090, "Tencent"));
	image_insert(image, "8.8.8.8/32", IMAGE_DATA | image_network(image, 15169, "Google\x01 LLC"));
	image_insert(image, "2a00::/16", IMAGE_DATA | image_network(image, 5, "six"));
	uint32_t empty = image_map(image, 0);
	image_insert(image, "11.0.0.0/8", IMAGE_DATA | empty);
	/* 6to4 and mapped addresses lead to IPv4, as in MaxMind's files */
	image_insert(image, "2002::/16", image_node_at(image, "::/96"));
	image_insert(image, "::ffff:0:0/96", image_node_at(image, "::/96"));
	image_write(image, world->path);
	assert_int_equal(read_file(world), PF_OK);
	assert_int_equal(control_finish(world->control, NULL), PF_OK);
	assert_true(world->read.built_us == 1780000000LL * 1000000);
	assert_int_equal(asn_of(world, "9.0.0.1"), 37963);
	assert_int_equal(asn_of(world, "9.1.255.255"), 45090);
	assert_int_equal(asn_of(world, "9.2.0.0"), 37963);
	assert_int_equal(asn_of(world, "9.255.255.255"), 37963);
	assert_int_equal(asn_of(world, "10.0.0.0"), 0);
	assert_int_equal(asn_of(world, "11.0.0.0"), 0);
	assert_int_equal(asn_of(world, "8.8.8.8"), 15169);
	assert_int_equal(asn_of(world, "8.8.8.7"), 0);
	assert_int_equal(asn_of(world, "8.8.8.9"), 0);
	assert_int_equal(asn_of(world, "2a00::1"), 5);
	assert_int_equal(asn_of(world, "2a01::1"), 0);
	assert_string_equal(control_organisation(world->control, 15169), "Google LLC");
	assert_int_equal(world->control->map.count6, 3); /* no alias became a range */
}

static void ipv4_and_ipinfo_databases_are_read(void **state)
{
	struct world *world = *state;
	struct image *image = world->image = image_new(4);
	uint32_t record = image_map(image, 3);
	image_text(image, "asn");
	image_text(image, "AS13335");
	image_text(image, "as_name");
	image_text(image, "Cloudflare, Inc.");
	image_text(image, "country_code");
	image_text(image, "AU");
	image_insert(image, "1.1.1.0/24", IMAGE_DATA | record);
	image_insert(image, "255.255.255.255/32", IMAGE_DATA | record);
	image_write(image, world->path);
	assert_int_equal(read_file(world), PF_OK);
	assert_int_equal(control_finish(world->control, NULL), PF_OK);
	assert_int_equal(asn_of(world, "1.1.1.1"), 13335);
	assert_int_equal(asn_of(world, "255.255.255.255"), 13335);
	assert_int_equal(asn_of(world, "0.0.0.0"), 0);
	assert_string_equal(control_organisation(world->control, 13335), "Cloudflare, Inc.");
}

static void databases_without_networks_are_refused(void **state)
{
	struct world *world = *state;
	struct image *image = world->image = image_new(4);
	image->type = "Some-Country";
	image_insert(image, "9.0.0.0/8", IMAGE_DATA | image_country(image, "CN"));
	image_write(image, world->path);
	assert_int_equal(read_file(world), PF_EINVAL);
	assert_true(told(world, "it names no AS number (it is a Some-Country database)"));
	assert_true(told(world, "test.yaml:7:3: error: the table of networks"));
}

/* Few nodes, each of which leads twice to the next: 2^32 ways. */
static void trees_that_are_none_are_refused(void **state)
{
	struct world *world = *state;
	struct image *image = world->image = image_new(4);
	image_insert(image, "9.0.0.0/32", IMAGE_DATA | image_network(image, 1, "x"));
	for (uint32_t node = 0; node + 1 < image->node_count; node++)
		image->nodes[node][0] = image->nodes[node][1] = node + 1;
	image_write(image, world->path);
	assert_int_equal(read_file(world), PF_EINVAL);
	assert_true(told(world, "its search tree leads to the same node by many ways"));
	image->nodes[5][0] = image->nodes[5][1] = 0; /* a loop */
	image_write(image, world->path);
	assert_int_equal(read_file(world), PF_EINVAL);
}

/* ---- the country of a network ------------------------------------------------------------ */

static void countries_are_derived_by_weight(void **state)
{
	struct world *world = *state;
	struct image *image = world->image = image_new(6);
	image_insert(image, "8.0.0.0/8", IMAGE_DATA | image_country(image, "US"));
	image_insert(image, "9.0.0.0/8", IMAGE_DATA | image_country(image, "CN"));
	image_insert(image, "2a00::/16", IMAGE_DATA | image_country(image, "DE"));
	image_insert(image, "2b00::/16", IMAGE_DATA | image_country(image, "FR"));
	image_write(image, world->second);
	struct config_path path = {{1, 1}, world->second};
	assert_int_equal(location_open(&path, "test.yaml", &world->diag, &world->location), PF_OK);
	assert_int_equal(
		read_text(world, "8.0.0.0,8.0.0.255,1,three small ones against a large one\n"
	                     "8.0.2.0,8.0.2.255,1,\n8.0.4.0,8.0.4.255,1,\n9.0.0.0,9.0.3.255,1,\n"
	                     "2a00:1::,2a00:ffff:ffff::,1,IPv6 does not count beside IPv4\n"
	                     "8.1.0.0,8.1.0.255,2,as many here\n9.1.0.0,9.1.0.255,2,as there\n"
	                     "2a00:2::,2a00:0002:ffff:ffff::,3,one /32\n2b00::,2b00:1:ffff::,3,two\n"
	                     "11.0.0.0,11.255.255.255,4,the database does not know it\n"
	                     "11.1.0.0,11.1.255.255,5,nor this\n8.2.0.0,8.2.0.0,5,but this\n"),
		PF_OK);
	assert_int_equal(control_finish(world->control, world->location), PF_OK);
	assert_string_equal(find(world, "8.0.0.1")->country.code, "CN");
	assert_string_equal(find(world, "8.1.0.1")->country.code, "CN"); /* the first in the alphabet */
	assert_string_equal(find(world, "2b00::1")->country.code, "FR");
	assert_string_equal(find(world, "11.0.0.1")->country.code, "");
	assert_string_equal(find(world, "11.1.0.1")->country.code, "US");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, build, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(fields_are_read_as_csv_has_them),    CASE(bad_lines_are_found),
		CASE(files_that_are_none_are_refused),    CASE(long_lines_are_bad_ones),
		CASE(the_rest_of_a_long_line_is_no_line), CASE(overlaps_are_resolved_as_promised),
		CASE(ranges_may_share_one_address),       CASE(networks_come_from_a_database),
		CASE(ipv4_and_ipinfo_databases_are_read), CASE(databases_without_networks_are_refused),
		CASE(trees_that_are_none_are_refused),    CASE(countries_are_derived_by_weight),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
