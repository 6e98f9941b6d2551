/* Unit tests of mmdb.h and mmdb_data.h: whole and broken databases, built byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "geo/location.h"
#include "geo/mmdb.h"
#include "unit/geo/image.h"

struct world {
	char path[64], fault[MMDB_FAULT_MAX];
	struct image *image;
};

static int build(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	assert_non_null(world);
	strcpy(world->path, "/tmp/portafilter-mmdb-XXXXXX");
	int fd = mkstemp(world->path);
	assert_true(fd >= 0);
	close(fd);
	world->image = image_new(4);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	unlink(world->path);
	free(world->image);
	free(world);
	return 0;
}

static bool any(MMDB_entry_s *entry)
{
	(void)entry;
	return true;
}

/* What is wrong with the file; "" when it is taken. */
static const char *fault_of(struct world *world)
{
	MMDB_s mmdb;
	size_t count;
	int error = mmdb_open(world->path, any, &mmdb, &count, world->fault);
	if (error == PF_OK) {
		MMDB_close(&mmdb);
		return "";
	}
	assert_int_equal(error, PF_EINVAL);
	return world->fault;
}

static const char *fault_of_image(struct world *world)
{
	image_write(world->image, world->path);
	return fault_of(world);
}

#define assert_says(text, words)                                \
	do {                                                        \
		const char *said_ = (text);                             \
		if (!strstr(said_, (words)))                            \
			print_message("says: %s, not: %s\n", said_, words); \
		assert_non_null(strstr(said_, (words)));                \
	} while (0)

static void put_countries(struct image *image)
{
	image_insert(image, "8.0.0.0/8", IMAGE_DATA | image_country(image, "US"));
	image_insert(image, "9.0.0.0/8", IMAGE_DATA | image_country(image, "CN"));
	if (image->ip_version == 6)
		image_insert(image, "2a00::/16", IMAGE_DATA | image_country(image, "DE"));
}

static void write_bytes(struct world *world, const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(world->path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static const char *find(const struct location *location, const char *text)
{
	static struct country country;
	struct addr addr;
	assert_int_equal(addr_parse(text, &addr), PF_OK);
	country = location_find(location, &addr).location;
	return country.code;
}

static struct location *open_location(struct world *world)
{
	struct config_path path = {{3, 5}, world->path};
	struct location *location;
	struct diag diag;
	diag_init(&diag);
	int error = location_open(&path, "test.yaml", &diag, &location);
	assert_int_equal(error == PF_OK, location != NULL);
	assert_int_equal(error == PF_OK, diag.errors == 0);
	diag_deinit(&diag);
	return location;
}

/* ---- databases that are whole ------------------------------------------------------------ */

static void every_record_size_is_read(void **state)
{
	struct world *world = *state;
	static const unsigned sizes[] = {24, 28, 32}, versions[] = {4, 6};
	for (size_t i = 0; i < PF_COUNT(sizes) * PF_COUNT(versions); i++) {
		free(world->image);
		world->image = image_new(versions[i % 2]);
		world->image->record_size = sizes[i / 2];
		put_countries(world->image);
		image_write(world->image, world->path);
		struct location *location = open_location(world);
		assert_non_null(location);
		assert_string_equal(find(location, "8.1.2.3"), "US");
		assert_string_equal(find(location, "9.255.255.255"), "CN");
		assert_string_equal(find(location, "10.0.0.0"), "");
		/* An IPv4 database knows no IPv6 address; asking is no error. */
		assert_string_equal(find(location, "2a00::1"), versions[i % 2] == 6 ? "DE" : "");
		assert_string_equal(find(location, "::"), "");
		assert_true(location_built_us(location) == 1780000000LL * 1000000);
		location_close(&location);
		assert_null(location);
	}
}

/* Half of a database, or another one, is written over the file while it is in use. */
static void what_is_open_is_a_copy(void **state)
{
	struct world *world = *state;
	put_countries(world->image);
	image_write(world->image, world->path);
	struct location *location = open_location(world);
	assert_non_null(location);
	write_bytes(world, (const uint8_t *)"x", 1);
	assert_string_equal(find(location, "8.1.2.3"), "US");
	assert_int_equal(truncate(world->path, 0), 0);
	assert_string_equal(find(location, "9.1.2.3"), "CN");
	location_close(&location);
}

static void pointers_are_followed(void **state)
{
	struct world *world = *state;
	struct image *image = world->image;
	uint32_t key = image_text(image, "country_code"), code = image_text(image, "CN");
	uint32_t map = image_map(image, 1);
	image_pointer(image, key);
	image_pointer(image, code);
	image_insert(image, "9.0.0.0/8", IMAGE_DATA | map);
	image_write(image, world->path);
	struct location *location = open_location(world);
	assert_non_null(location);
	assert_string_equal(find(location, "9.1.2.3"), "CN");
	location_close(&location);
}

static void mmdb_is_recognised_by_its_content(void **state)
{
	struct world *world = *state;
	assert_false(mmdb_recognise(world->path));
	write_bytes(world, (const uint8_t *)"1.0.0.0,1.0.0.255,13335,x\n", 26);
	assert_false(mmdb_recognise(world->path));
	assert_false(mmdb_recognise("/nowhere/at/all.mmdb"));
	assert_false(mmdb_recognise("/tmp"));
	put_countries(world->image);
	image_write(world->image, world->path);
	assert_true(mmdb_recognise(world->path));
}

/* ---- files that are none ----------------------------------------------------------------- */

static void other_files_are_refused(void **state)
{
	struct world *world = *state;
	assert_says(fault_of(world), "it is empty");
	write_bytes(world, (const uint8_t *)"<html>", 6);
	assert_says(fault_of(world), "it is no mmdb file, or its end is missing");
	unlink(world->path);
	assert_says(fault_of(world), "No such file");
	assert_int_equal(symlink("/tmp", world->path), 0);
	assert_says(fault_of(world), "it is no file");
	unlink(world->path);
	assert_int_equal(symlink("/dev/zero", world->path), 0);
	assert_says(fault_of(world), "it is no file");
}

/* Cut anywhere, a database is refused, unless only what the metadata do not need is missing. */
static void every_truncation_is_refused(void **state)
{
	struct world *world = *state;
	size_t size;
	put_countries(world->image);
	uint8_t *bytes = image_render(world->image, &size);
	for (size_t length = 1; length < size; length++) {
		write_bytes(world, bytes, length);
		assert_string_not_equal(fault_of(world), "");
	}
	/* and from its start */
	for (size_t start = 1; start < size; start += 3) {
		write_bytes(world, bytes + start, size - start);
		assert_string_not_equal(fault_of(world), "");
	}
	free(bytes);
}

static void metadata_must_be_possible(void **state)
{
	struct world *world = *state;
	struct image *image = world->image;
	put_countries(image);
	assert_string_equal(fault_of_image(world), "");
	image->node_count_lie = 0;
	assert_string_not_equal(fault_of_image(world), "");
	image->node_count_lie = 5000;
	assert_string_not_equal(fault_of_image(world), "");
	/* × 6 bytes is 2 over 2^32: the library's own check of the size wraps around */
	image->node_count_lie = 0x2aaaaaab;
	assert_says(fault_of_image(world), "it is truncated: its search tree needs 4294967298 bytes");
	image->node_count_lie = 0xffffffff;
	assert_string_not_equal(fault_of_image(world), "");
	image->node_count_lie = -1;
	image->ip_version = 5;
	assert_string_not_equal(fault_of_image(world), "");
	image->ip_version = 4;
	image->build_epoch_s = UINT64_MAX;
	assert_says(fault_of_image(world), "the day of its build does not exist");
	image->build_epoch_s = 1;
	assert_string_equal(fault_of_image(world), "");
}

/* ---- hostile trees and data -------------------------------------------------------------- */

static void records_must_point_into_the_data(void **state)
{
	struct world *world = *state;
	struct image *image = world->image;
	put_countries(image);
	uint32_t country = image_country(image, "SE");
	for (uint32_t beyond = 0; beyond < 40; beyond++) {
		image_insert(image, "11.0.0.0/8", IMAGE_DATA | ((uint32_t)image->length + beyond));
		assert_string_not_equal(fault_of_image(world), "");
	}
	image_insert(image, "11.0.0.0/8", IMAGE_DATA | country);
	assert_string_equal(fault_of_image(world), "");
	/* between the tree and the data */
	image->node_count_lie = -1;
	for (uint32_t into = 1; into < 16; into++) {
		image_insert(image, "11.0.0.0/8", image->node_count + into);
		assert_string_not_equal(fault_of_image(world), "");
	}
}

/* A loop, or two ways to one node, is no tree: walking it would take for ever, or 2^32 steps. */
static void loops_in_the_tree_are_refused(void **state)
{
	struct world *world = *state;
	struct image *image = world->image;
	put_countries(image);
	image_insert(image, "64.0.0.0/2", image_node_at(image, "0.0.0.0/1"));
	image_write(image, world->path);
	assert_null(open_location(world));
}

/* `depth` maps {"a": {"a": … 1}}, as bytes. */
static void put_nested(struct image *image, size_t depth)
{
	static const uint8_t level[] = {0xe1, 0x41, 'a'}, end[] = {0x41, 'x'};
	for (size_t i = 0; i < depth; i++)
		image_bytes(image, level, sizeof level);
	image_bytes(image, end, sizeof end);
}

static void nesting_is_bounded(void **state)
{
	struct world *world = *state;
	struct image *image = world->image;
	uint32_t shallow = (uint32_t)image->length;
	put_nested(image, 20);
	image_insert(image, "9.0.0.0/8", IMAGE_DATA | shallow);
	assert_string_equal(fault_of_image(world), "");
	uint32_t deep = (uint32_t)image->length;
	put_nested(image, 80000);
	image_insert(image, "9.0.0.0/8", IMAGE_DATA | deep);
	assert_says(fault_of_image(world), "its values are nested too deeply");
}

static void metadata_are_checked_before_the_library_sees_them(void **state)
{
	struct world *world = *state;
	struct image *extra = image_new(4);
	put_countries(world->image);
	put_nested(extra, 40000); /* 120 kB: fits into the metadata, not onto a stack */
	world->image->extra = extra->data;
	world->image->extra_length = extra->length;
	assert_says(fault_of_image(world),
	            "its metadata are corrupt: its values are nested too deeply");
	free(extra);
}

/* libmaxminddb 1.7 refuses these as well, but loses memory each time, which LeakSanitizer tells. */
static void languages_and_descriptions_are_texts(void **state)
{
	static const char *const keys[] = {"languages", "description"};
	struct world *world = *state;
	put_countries(world->image);
	for (size_t i = 0; i < PF_COUNT(keys); i++) {
		struct image *extra = image_new(4);
		if (i) {
			image_map(extra, 1);
			image_text(extra, "en");
		} else {
			image_array(extra, 2);
			image_text(extra, "en");
		}
		image_uint32(extra, 7);
		world->image->extra_key = keys[i];
		world->image->extra = extra->data;
		world->image->extra_length = extra->length;
		assert_says(fault_of_image(world), "a language or description is no text");
		free(extra);
	}
}

static void pointers_are_bounded(void **state)
{
	struct world *world = *state;
	struct image *image = world->image;
	uint32_t code = image_text(image, "CN");
	uint32_t first = image_pointer(image, code);
	uint32_t second = image_map(image, 1);
	image_text(image, "country_code");
	image_pointer(image, first);
	image_insert(image, "9.0.0.0/8", IMAGE_DATA | second);
	assert_says(fault_of_image(world), "a pointer leads to a pointer");
	uint32_t outside = image_map(image, 1);
	image_text(image, "country_code");
	image_pointer(image, 10000000);
	image_insert(image, "9.0.0.0/8", IMAGE_DATA | outside);
	assert_says(fault_of_image(world), "a pointer leads out of the data");
}

/* A map that holds itself: nobody follows it in circles. */
static void cycles_end(void **state)
{
	struct world *world = *state;
	struct image *image = world->image;
	uint32_t map = image_map(image, 2);
	image_text(image, "country");
	image_pointer(image, map);
	image_text(image, "country_code");
	image_text(image, "CN");
	image_insert(image, "9.0.0.0/8", IMAGE_DATA | map);
	image_write(image, world->path);
	struct location *location = open_location(world);
	if (location)
		assert_string_equal(find(location, "9.1.2.3"), "CN");
	location_close(&location);
}

/* Each level points a hundred times to the next: 10^24 values when every pointer is followed. */
static void fans_are_decoded_once(void **state)
{
	struct world *world = *state;
	struct image *image = world->image;
	uint32_t target = image_country(image, "CN");
	for (int level = 0; level < 12; level++) {
		uint32_t array = image_array(image, 100);
		for (int i = 0; i < 100; i++)
			image_pointer(image, target);
		target = array;
	}
	image_insert(image, "9.0.0.0/8", IMAGE_DATA | target);
	assert_string_equal(fault_of_image(world), "");
}

/* Texts that hold the head of an array each: whoever points into one finds an array of all the texts behind it. Each
 * record alone is little work, all together are not. */
static void work_is_bounded(void **state)
{
	struct world *world = *state;
	struct image *image = world->image;
	static const uint8_t text[] = {0x44, 0x1e, 0x04, 0x4d, 0x03}; /* 285 + 0x4d03 values */
	for (int i = 0; i < 50000; i++)
		image_bytes(image, text, sizeof text);
	char prefix[PREFIX_TEXT_MAX];
	for (unsigned i = 0; i < 200; i++) {
		snprintf(prefix, sizeof prefix, "9.0.%u.0/24", i);
		image_insert(image, prefix, IMAGE_DATA | (i * (unsigned)sizeof text + 1));
		if (i == 10)
			assert_string_equal(fault_of_image(world), "");
	}
	assert_says(fault_of_image(world), "its records refer to each other too often");
}

static void values_must_be_well_formed(void **state)
{
	struct world *world = *state;
	static const struct {
		uint8_t bytes[12];
		size_t length;
		const char *fault;
	} cases[] = {
		{{0xe0}, 1, ""},                                     /* an empty map */
		{{0x40}, 1, ""},                                     /* an empty text */
		{{0x68, 0, 0, 0, 0, 0, 0, 0, 0}, 9, ""},             /* a double */
		{{0x64, 0, 0, 0, 0}, 5, "type or size"},             /* a double of 4 bytes */
		{{0x04, 0x08, 0, 0, 0, 0}, 6, ""},                   /* a float */
		{{0x03, 0x08, 0, 0, 0}, 5, "type or size"},          /* a float of 3 bytes */
		{{0xa3, 0, 0, 0}, 4, "type or size"},                /* a uint16 of 3 bytes */
		{{0xc5, 0, 0, 0, 0, 0}, 6, "type or size"},          /* a uint32 of 5 bytes */
		{{0x00, 0x07}, 2, ""},                               /* false */
		{{0x02, 0x07}, 2, "type or size"},                   /* a boolean of 2 */
		{{0x00, 0x05}, 2, "type or size"},                   /* a container */
		{{0x00, 0x06}, 2, "type or size"},                   /* an end marker */
		{{0x00, 0x00}, 2, "type or size"},                   /* an extended type 0 */
		{{0x00, 0xff}, 2, "type or size"},                   /* an unknown one */
		{{0xe1, 0xa1, 1, 0x41, 'x'}, 5, "no text"},          /* a map with a number as its key */
		{{0xe1, 0x41, 'x'}, 3, "over the end"},              /* a map without its value */
		{{0x45, 'x'}, 2, "over the end"},                    /* a text that is too short */
		{{0x5f, 0xff, 0xff, 0xff}, 4, "over the end"},       /* the longest text */
		{{0x5d}, 1, "over the end"},                         /* the length itself is cut */
		{{0x1f, 0x04, 0xff, 0xff, 0xff}, 5, "over the end"}, /* the longest array */
		{{0x20}, 1, "over the end"},                         /* a pointer that is cut */
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		free(world->image);
		world->image = image_new(4);
		image_country(world->image, "US");
		uint32_t offset = image_bytes(world->image, cases[i].bytes, cases[i].length);
		image_insert(world->image, "9.0.0.0/8", IMAGE_DATA | offset);
		const char *fault = fault_of_image(world);
		if (!*cases[i].fault && *fault)
			print_message("case %zu: %s\n", i, fault);
		assert_int_equal(!*cases[i].fault, !*fault);
		assert_says(fault, cases[i].fault);
	}
}

/* ---- MaxMind's own test databases -------------------------------------------------------- */

static const char *shared(char path[512], const char *name)
{
	const char *folder = getenv("PF_SHARED");
	if (folder)
		snprintf(path, 512, "%s/data/mmdb/%s", folder, name);
	else
		snprintf(path, 512, "%s/../../shared/data/mmdb/%s", TESTS_DIR, name);
	return access(path, R_OK) ? NULL : path;
}

static void maxmind_databases_are_taken_or_refused(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *name, *fault;
	} cases[] = {
		{"MaxMind-DB-test-ipv4-24.mmdb", ""},
		{"MaxMind-DB-test-ipv4-28.mmdb", ""},
		{"MaxMind-DB-test-ipv4-32.mmdb", ""},
		{"MaxMind-DB-test-ipv6-24.mmdb", ""},
		{"MaxMind-DB-test-ipv6-28.mmdb", ""},
		{"MaxMind-DB-test-ipv6-32.mmdb", ""},
		{"MaxMind-DB-test-mixed-24.mmdb", ""},
		{"MaxMind-DB-test-mixed-28.mmdb", ""},
		{"MaxMind-DB-test-mixed-32.mmdb", ""},
		{"MaxMind-DB-test-decoder.mmdb", ""}, /* every type there is */
		{"MaxMind-DB-test-pointer-decoder.mmdb", ""},
		{"MaxMind-DB-test-metadata-pointers.mmdb", ""},
		{"MaxMind-DB-test-nested.mmdb", ""},
		{"MaxMind-DB-string-value-entries.mmdb", ""},
		{"MaxMind-DB-no-ipv4-search-tree.mmdb", ""},
		{"GeoIP2-City-Test.mmdb", ""},
		{"GeoIP2-Enterprise-Test.mmdb", ""},
		{"GeoIP2-ISP-Test.mmdb", ""},
		{"MaxMind-DB-test-broken-pointers-24.mmdb", "it is corrupt"},
		{"MaxMind-DB-test-broken-search-tree-24.mmdb", "it is corrupt"},
		{"GeoIP2-City-Test-Broken-Double-Format.mmdb", "it is corrupt"},
		{"GeoIP2-City-Test-Invalid-Node-Count.mmdb", "it is"},
	};
	char path[512];
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		MMDB_s mmdb;
		size_t count;
		if (!shared(path, cases[i].name)) {
			print_message("skipped: no %s\n", cases[i].name);
			skip();
		}
		int error = mmdb_open(path, any, &mmdb, &count, world->fault);
		if (error == PF_OK)
			MMDB_close(&mmdb);
		if ((error == PF_OK) != !*cases[i].fault)
			print_message("%s: %s\n", cases[i].name, error == PF_OK ? "taken" : world->fault);
		assert_int_equal(error == PF_OK, !*cases[i].fault);
		if (error != PF_OK)
			assert_says(world->fault, cases[i].fault);
	}
}

/* One to eight bytes changed, most of them in the part behind the tree; then every kind of look-up. */
static void mutate(struct world *world, uint8_t *bytes, size_t size, uint32_t *random)
{
	uint8_t *mutated = malloc(size);
	assert_non_null(mutated);
	memcpy(mutated, bytes, size);
	*random = *random * 1664525 + 1013904223;
	for (uint32_t left = 1 + (*random >> 29); left; left--) {
		*random = *random * 1664525 + 1013904223;
		size_t at = (*random >> 4) % size;
		*random = *random * 1664525 + 1013904223;
		if (*random >> 31)
			at = size - 1 - (at % 600);
		mutated[at] = (uint8_t)(*random >> 16);
	}
	write_bytes(world, mutated, size);
	free(mutated);
}

static void mutated_maxmind_databases_do_no_harm(void **state)
{
	struct world *world = *state;
	char path[512];
	if (!shared(path, "GeoIP2-Country-Test.mmdb")) {
		print_message("skipped: no GeoIP2-Country-Test.mmdb\n");
		skip();
	}
	static uint8_t bytes[100000];
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	size_t size = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	assert_true(size > 600 && size < sizeof bytes);
	unsigned taken = 0, refused = 0;
	uint32_t random = 4213;
	for (int round = 0; round < 400; round++) {
		mutate(world, bytes, size, &random);
		struct location *location = open_location(world);
		taken += location != NULL;
		refused += location == NULL;
		for (uint32_t i = 0; location && i < 512; i++) {
			struct addr v4 = {4,
			                  {(uint8_t)i, (uint8_t)(i * 7), (uint8_t)(i * 31), (uint8_t)(i >> 1)}};
			struct addr v6 = {6,
			                  {0x20 + (i & 31), (uint8_t)(i * 7), (uint8_t)(i * 31), (uint8_t)i}};
			(void)location_find(location, &v4);
			(void)location_find(location, &v6);
		}
		location_close(&location);
	}
	assert_true(taken > 0 && refused > 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, build, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_record_size_is_read),
		CASE(what_is_open_is_a_copy),
		CASE(pointers_are_followed),
		CASE(mmdb_is_recognised_by_its_content),
		CASE(other_files_are_refused),
		CASE(every_truncation_is_refused),
		CASE(metadata_must_be_possible),
		CASE(records_must_point_into_the_data),
		CASE(loops_in_the_tree_are_refused),
		CASE(nesting_is_bounded),
		CASE(metadata_are_checked_before_the_library_sees_them),
		CASE(languages_and_descriptions_are_texts),
		CASE(pointers_are_bounded),
		CASE(cycles_end),
		CASE(fans_are_decoded_once),
		CASE(work_is_bounded),
		CASE(values_must_be_well_formed),
		CASE(maxmind_databases_are_taken_or_refused),
		CASE(mutated_maxmind_databases_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
