/* Fuzzes the readers of MaxMind DB files: any bytes as a location database and as a table of networks. What is taken must answer
 * for every address, and only with what a country is. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "geo/control.h"
#include "geo/location.h"

static void demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_mmdb: %s\n", what);
	abort();
}

static void demand_country(struct country country)
{
	const char *code = country.code;
	if (!country_known(country))
		return;
	demand(code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z' && !code[2],
	       "a country is no code");
	demand(country_equal(country_of_number(country_number(country)), country),
	       "a code is another one as a number");
}

/* Addresses all over both spaces. */
static struct addr address(unsigned i)
{
	struct addr addr = {.family = i % 2 ? 6 : 4};
	uint32_t bits = i * 2654435761u;
	for (size_t k = 0; k < (i % 2 ? 16u : 4u); k++)
		addr.bytes[k] = (uint8_t)(bits >> (k % 4 * 8));
	return addr;
}

static void read_location(const struct config_path *path, struct diag *diag)
{
	struct location *location;
	if (location_open(path, "fuzz.yaml", diag, &location) != PF_OK)
		return;
	for (unsigned i = 0; i < 200; i++) {
		struct addr addr = address(i);
		struct place place = location_find(location, &addr);
		demand_country(place.location);
		demand_country(place.registered);
	}
	location_close(&location);
}

static void read_control(const struct config_path *path, struct diag *diag)
{
	struct control *control = control_new();
	struct control_file read;
	if (!control)
		return;
	if (control_read(control, path, "fuzz.yaml", diag, &read) == PF_OK) {
		demand(control_finish(control, NULL) == PF_OK, "a table can not be compiled");
		for (unsigned i = 0; i < 200; i++) {
			struct addr addr = address(i);
			const struct as *as = control_find(control, &addr);
			demand(!as || as->number, "network 0 announces something");
		}
	}
	control_free(&control);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[32];
	struct diag diag;
	int fd = memfd_create("fuzz-mmdb", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	const struct config_path path = {{1, 1}, name};
	diag_init(&diag);
	read_location(&path, &diag);
	read_control(&path, &diag);
	diag_deinit(&diag);
	close(fd);
	return 0;
}
