/* What is read out of location databases, shape by shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "geo/location.h"
#include "unit/geo/image.h"

struct world {
	char path[64];
	struct image *image;
};

static int build(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	strcpy(world->path, "location.mmdb.XXXXXX");
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

static struct location *open_location(struct world *world)
{
	struct config_path path = {{3, 5}, world->path};
	struct location *location;
	struct diag diag;
	diag_init(&diag);
	int error = location_open(&path, "test.yaml", &diag, &location);
	assert_int_equal(error == PF_OK, location != NULL);
	diag_deinit(&diag);
	return location;
}

static void is_at(const struct location *location, uint8_t first, const char *country,
                  const char *registered)
{
	struct addr addr = {4, {first, 1, 2, 3}};
	struct place place = location_find(location, &addr);
	assert_string_equal(place.location.code, country);
	assert_string_equal(place.registered.code, registered);
}

/* Where a network is registered is not where its addresses stand. */
static void registration_is_no_location(void **state)
{
	struct world *world = *state;
	struct image *image = world->image;
	uint32_t both = image_map(image, 2);
	image_text(image, "registered_country");
	image_map(image, 1);
	image_text(image, "iso_code");
	image_text(image, "US");
	image_text(image, "country");
	image_map(image, 1);
	image_text(image, "iso_code");
	image_text(image, "IE");
	uint32_t one = image_map(image, 1);
	image_text(image, "registered_country");
	image_map(image, 1);
	image_text(image, "iso_code");
	image_text(image, "UK");
	image_insert(image, "9.0.0.0/8", IMAGE_DATA | one);
	image_write(image, world->path);
	assert_null(open_location(world)); /* no location at all */
	image_insert(image, "8.0.0.0/8", IMAGE_DATA | both);
	image_write(image, world->path);
	struct location *location = open_location(world);
	is_at(location, 8, "IE", "US");
	is_at(location, 9, "", "GB");
	location_close(&location);
}

/* IPinfo's "lite" files write the country's name where others have its code, and the code beside it. */
static void names_are_no_codes(void **state)
{
	struct world *world = *state;
	struct image *image = world->image;
	uint32_t lite = image_map(image, 3);
	image_text(image, "asn");
	image_text(image, "AS15169");
	image_text(image, "country");
	image_text(image, "United States");
	image_text(image, "country_code");
	image_text(image, "US");
	image_insert(image, "8.0.0.0/8", IMAGE_DATA | lite);
	image_insert(image, "9.0.0.0/8", IMAGE_DATA | image_country(image, "??"));
	image_insert(image, "10.0.0.0/8", IMAGE_DATA | image_country(image, "xk"));
	image_insert(image, "11.0.0.0/8", IMAGE_DATA | image_country(image, "uk"));
	image_insert(image, "12.0.0.0/8", IMAGE_DATA | image_country(image, "AP"));
	image_write(image, world->path);
	struct location *location = open_location(world);
	is_at(location, 8, "US", "");
	is_at(location, 9, "", "");
	is_at(location, 10, "XK", "");
	is_at(location, 11, "GB", "");
	is_at(location, 12, "", "");
	location_close(&location);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(registration_is_no_location, build, tear_down),
		cmocka_unit_test_setup_teardown(names_are_no_codes, build, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
