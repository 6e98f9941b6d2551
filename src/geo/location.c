/* Location databases: mmdb.c proves them whole, this reads the countries out of them, once, into a range_map. The file itself
 * is then let go: a city file of 60 MB leaves the few that its countries need. */
#include "geo/location.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "geo/mmdb_walk.h"
#include "geo/range_map.h"

#define NETWORKS_MAX \
	16000000 /* city files have some five million networks, most next to one of their country */
#define RECENT_COUNT \
	4096 /* a power of two: values that were read lately; country files have some 250 */

struct location {
	struct range_map map; /* place_number and 1 more */
	int64_t built_us;
	char *type;
};

/* Where the shapes keep the code: MaxMind's, then the flat ones of ip-location-db and IPinfo. MaxMind's registered_country is where
 * the network is registered, which need not be where the address stands. */
static const char *const path_country[] = {"country", "iso_code", NULL};
static const char *const path_registered[] = {"registered_country", "iso_code", NULL};
static const char *const path_flat[] = {"country_code", NULL};
static const char *const path_ipinfo[] = {"country", NULL};
static const char *const *const paths[] = {path_country, path_flat, path_ipinfo};

/* Codes that are assigned to no country (ISO 3166-1: AA, QM…QZ, XA…XZ, ZZ are the user's own), and regions. */
static bool is_no_country(const char code[2])
{
	static const char regions[][3] = {"EU", "AP", "AA", "ZZ"};
	for (size_t i = 0; i < PF_COUNT(regions); i++)
		if (!memcmp(code, regions[i], 2))
			return true;
	if (code[0] == 'X')
		return code[1] != 'K';
	return code[0] == 'Q' && code[1] >= 'M';
}

struct country country_from_text(const char *text, size_t length)
{
	struct country country = {""};
	if (length != 2)
		return country;
	for (size_t i = 0; i < 2; i++) {
		char c = text[i];
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c < 'A' || c > 'Z')
			return (struct country){""};
		country.code[i] = c;
	}
	if (is_no_country(country.code))
		return (struct country){""};
	if (!memcmp(country.code, "UK", 2))
		memcpy(country.code, "GB", 2);
	return country;
}

static struct country read_path(MMDB_entry_s *entry, const char *const *path)
{
	MMDB_entry_data_s data;
	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_UTF8_STRING)
		return (struct country){""};
	return country_from_text(data.utf8_string, data.data_size);
}

static struct place read_place(MMDB_entry_s *entry)
{
	struct place place = {.registered = read_path(entry, path_registered)};
	for (size_t i = 0; i < PF_COUNT(paths) && !country_known(place.location); i++)
		place.location = read_path(entry, paths[i]);
	return place;
}

static bool names_country(MMDB_entry_s *entry)
{
	return country_known(read_place(entry).location);
}

/* A place as the number of a range; 0: nothing is known. */
static uint32_t place_number(struct place place)
{
	uint32_t location = country_number(place.location);
	uint32_t registered = country_number(place.registered);
	if (location == COUNTRY_UNKNOWN && registered == COUNTRY_UNKNOWN)
		return 0;
	return location * (COUNTRY_UNKNOWN + 1) + registered + 1;
}

static struct place place_of_number(uint32_t number)
{
	if (!number)
		return (struct place){{""}, {""}};
	return (struct place){country_of_number((number - 1) / (COUNTRY_UNKNOWN + 1)),
	                      country_of_number((number - 1) % (COUNTRY_UNKNOWN + 1))};
}

/* Networks on their way from the tree into ranges. Many lead to one value: it is read once, most of the time. */
struct taking {
	struct range_list ranges;
	struct {
		uint32_t offset, number; /* offset + 1 of the value; 0: none yet */
	} recent[RECENT_COUNT];
};

static int take_leaf(void *data, const struct addr *start, const struct addr *end,
                     MMDB_entry_s *entry)
{
	struct taking *taking = data;
	size_t slot = entry->offset * 0x9e3779b1u >> 20 & (RECENT_COUNT - 1);
	if (taking->recent[slot].offset != entry->offset + 1) {
		taking->recent[slot].offset = entry->offset + 1;
		taking->recent[slot].number = place_number(read_place(entry));
	}
	uint32_t number = taking->recent[slot].number;
	return number ? range_list_add(&taking->ranges, start, end, number, NETWORKS_MAX) : PF_OK;
}

static int compile(struct location *location, const MMDB_s *mmdb, char fault[MMDB_FAULT_MAX])
{
	const char *wrong = NULL;
	struct taking *taking = calloc(1, sizeof *taking);
	const struct mmdb_leaf_taker taker = {take_leaf, taking};
	int error = taking ? mmdb_walk(mmdb, &taker, &wrong) : PF_ENOMEM;
	if (error == PF_OK)
		error = range_list_finish(&taking->ranges);
	if (error == PF_OK)
		error = range_map_init(&location->map, &taking->ranges);
	if (taking)
		range_list_deinit(&taking->ranges);
	free(taking);
	if (error == PF_OK)
		return error;
	snprintf(fault, MMDB_FAULT_MAX, "%s",
	         wrong               ? wrong
	         : error == PF_EFULL ? "it has more networks than any city file"
	                             : "there is no memory for its countries");
	return error == PF_EFULL ? PF_EINVAL : error;
}

static int try_open(const char *path, struct location *location, char fault[MMDB_FAULT_MAX])
{
	size_t countries;
	MMDB_s mmdb;
	int error = mmdb_open(path, names_country, &mmdb, &countries, fault);
	if (error != PF_OK)
		return error;
	if (!countries) {
		snprintf(fault, MMDB_FAULT_MAX, "it names no country (it is a %.64s database)",
		         mmdb.metadata.database_type);
		error = PF_EINVAL;
	} else {
		error = compile(location, &mmdb, fault);
	}
	location->built_us = mmdb_built_us(&mmdb);
	location->type = strdup(mmdb.metadata.database_type);
	MMDB_close(&mmdb);
	if (error == PF_OK && !location->type) {
		snprintf(fault, MMDB_FAULT_MAX, "there is no memory for its name");
		error = PF_ENOMEM;
	}
	return error;
}

int location_open(const struct config_path *path, const char *file, struct diag *diag,
                  struct location **out)
{
	char fault[MMDB_FAULT_MAX] = "there is no memory to open it";
	struct location *location = calloc(1, sizeof *location);
	int error = location ? try_open(path->path, location, fault) : PF_ENOMEM;
	*out = location;
	if (error == PF_OK)
		return error;
	diag_error(
		diag, file, path->pos.line, path->pos.column,
		"the location database %s can not be used: %s; a whole mmdb file of countries or cities is "
		"expected here, and contrib/fetch-geoip brings two",
		path->path, fault);
	location_close(out);
	return error;
}

void location_close(struct location **location)
{
	if (!*location)
		return;
	range_map_deinit(&(*location)->map);
	free((*location)->type);
	free(*location);
	*location = NULL;
}

struct place location_find(const struct location *location, const struct addr *addr)
{
	return place_of_number(range_map_find(&location->map, addr));
}

int64_t location_built_us(const struct location *location)
{
	return location->built_us;
}

const char *location_type(const struct location *location)
{
	return location->type;
}

size_t location_bytes(const struct location *location)
{
	return range_map_bytes(&location->map);
}
