/* Location databases: mmdb.c proves them whole, this reads countries out of them. */
#include "geo/location.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "geo/mmdb.h"

struct location {
	MMDB_s mmdb;
};

/* Where the shapes keep the code: MaxMind's, MaxMind's for networks that stand nowhere in particular, then the
 * flat ones of ip-location-db and IPinfo. */
static const char *const path_country[] = {"country", "iso_code", NULL};
static const char *const path_registered[] = {"registered_country", "iso_code", NULL};
static const char *const path_flat[] = {"country_code", NULL};
static const char *const path_ipinfo[] = {"country", NULL};
static const char *const *const paths[] = {path_country, path_registered, path_flat, path_ipinfo};

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

static struct country read_country(MMDB_entry_s *entry)
{
	for (size_t i = 0; i < PF_COUNT(paths); i++) {
		MMDB_entry_data_s data;
		if (MMDB_aget_value(entry, &data, paths[i]) != MMDB_SUCCESS || !data.has_data ||
		    data.type != MMDB_DATA_TYPE_UTF8_STRING)
			continue;
		struct country country = country_from_text(data.utf8_string, data.data_size);
		if (country_known(country))
			return country;
	}
	return (struct country){""};
}

static bool names_country(MMDB_entry_s *entry)
{
	return country_known(read_country(entry));
}

static int try_open(const char *path, MMDB_s *mmdb, char fault[MMDB_FAULT_MAX])
{
	size_t countries;
	int error = mmdb_open(path, names_country, mmdb, &countries, fault);
	if (error != PF_OK || countries)
		return error;
	snprintf(fault, MMDB_FAULT_MAX, "it names no country (it is a %.64s database)",
	         mmdb->metadata.database_type);
	MMDB_close(mmdb);
	return PF_EINVAL;
}

int location_open(const struct config_path *path, const char *file, struct diag *diag,
                  struct location **out)
{
	char fault[MMDB_FAULT_MAX] = "there is no memory to open it";
	struct location *location = calloc(1, sizeof *location);
	int error = location ? try_open(path->path, &location->mmdb, fault) : PF_ENOMEM;
	*out = location;
	if (error == PF_OK)
		return error;
	diag_error(
		diag, file, path->pos.line, path->pos.column,
		"the location database %s can not be used: %s; a whole mmdb file of countries or cities is "
		"expected here, and contrib/fetch-geoip brings two",
		path->path, fault);
	free(location);
	*out = NULL;
	return error;
}

void location_close(struct location **location)
{
	if (!*location)
		return;
	MMDB_close(&(*location)->mmdb);
	free(*location);
	*location = NULL;
}

struct country location_find(const struct location *location, const struct addr *addr)
{
	struct addr_port with_port = {*addr, 0};
	struct sockaddr_storage address;
	int status;
	if (addr->family == 6 && location->mmdb.metadata.ip_version == 4)
		return (struct country){""};
	addr_to_sockaddr(&with_port, &address);
	MMDB_lookup_result_s found =
		MMDB_lookup_sockaddr(&location->mmdb, (struct sockaddr *)&address, &status);
	if (status != MMDB_SUCCESS || !found.found_entry)
		return (struct country){""};
	return read_country(&found.entry);
}

int64_t location_built_us(const struct location *location)
{
	return mmdb_built_us(&location->mmdb);
}

const char *location_type(const struct location *location)
{
	return location->mmdb.metadata.database_type;
}
