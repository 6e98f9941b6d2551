/* The assignments of vendor.h: one sorted array for each length, names in one pool, each once. */
#include "device/vendor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/hash.h"

#define LENGTHS 3
#define NAME_BITS 26 /* of a place in the pool; 36 more at most are the prefix */
#define POOL_BYTES_MAX (1u << NAME_BITS)
#define NAMES_MIN 4096 /* a power of two */

struct vendors {
	size_t count[LENGTHS], room[LENGTHS];
	uint64_t *list[LENGTHS]; /* assignments: the first 24, 28 or 36 bits as a number, then where its
	                            name stands in the pool */
	struct buffer pool;
	uint64_t looks; /* of the files when they were read; 0: not to be kept */
};

/* While files are read: the names that were met, by their hash. */
struct reading {
	struct vendors *vendors;
	uint32_t *names; /* one more than the place in the pool; 0: none */
	size_t name_room, name_count;
};

static const struct {
	const char *file;
	unsigned digits;
} kinds[LENGTHS] = {{"oui.csv", 6}, {"mam.csv", 7}, {"oui36.csv", 9}};

/* ---- reading ----------------------------------------------------------------------------- */

/* The field at `*at`, unquoted and cut to `size`; `*at` moves behind its comma, or to the line's end. */
static void take_field(const char **at, const char *end, char *field, size_t size)
{
	size_t used = 0;
	const char *from = *at;
	bool quoted = from < end && *from == '"';
	from += quoted;
	while (from < end) {
		if (quoted && *from == '"') {
			if (from + 1 == end || from[1] != '"') {
				quoted = false;
				from++;
				continue;
			}
			from++;
		} else if (!quoted && *from == ',') {
			break;
		}
		if (used + 1 < size)
			field[used++] = *from;
		from++;
	}
	while (used && (field[used - 1] == ' ' || field[used - 1] == '\r'))
		used--;
	field[used] = '\0';
	*at = from < end ? from + 1 : end;
}

static bool grow(struct vendors *vendors, size_t kind)
{
	if (vendors->count[kind] < vendors->room[kind])
		return true;
	size_t room = vendors->room[kind] ? vendors->room[kind] * 2 : 1024;
	uint64_t *grown = realloc(vendors->list[kind], room * sizeof *grown);
	if (!grown)
		return false;
	vendors->list[kind] = grown;
	vendors->room[kind] = room;
	return true;
}

/* Where the name stands among those that were met, or would. There is room for it. */
static uint32_t *name_slot(const struct reading *reading, const char *name)
{
	size_t mask = reading->name_room - 1;
	size_t at = hash_bytes((struct hash_key){1}, name, strlen(name)) & mask;
	while (reading->names[at] &&
	       strcmp(reading->vendors->pool.data + reading->names[at] - 1, name) != 0)
		at = (at + 1) & mask;
	return &reading->names[at];
}

/* Room for one more name, half of the table free. */
static bool grow_names(struct reading *reading)
{
	if (reading->name_count * 2 < reading->name_room)
		return true;
	struct reading grown = *reading;
	grown.name_room = reading->name_room ? reading->name_room * 2 : NAMES_MIN;
	grown.names = calloc(grown.name_room, sizeof *grown.names);
	if (!grown.names)
		return false;
	for (size_t i = 0; i < reading->name_room; i++)
		if (reading->names[i])
			*name_slot(&grown, reading->vendors->pool.data + reading->names[i] - 1) =
				reading->names[i];
	free(reading->names);
	*reading = grown;
	return true;
}

/* The name's place in the pool, in which each stands once. */
static int keep_name(struct reading *reading, const char *name, uint64_t *place)
{
	struct buffer *pool = &reading->vendors->pool;
	if (!grow_names(reading))
		return PF_ENOMEM;
	uint32_t *slot = name_slot(reading, name);
	if (!*slot) {
		uint32_t made = (uint32_t)pool->length + 1;
		buffer_append(pool, name, strlen(name) + 1);
		if (pool->failed)
			return PF_ENOMEM;
		*slot = made;
		reading->name_count++;
	}
	*place = *slot - 1;
	return PF_OK;
}

/* "MA-L,002272,American Micro-Fuel Device Corp.,…" */
static int take_line(struct reading *reading, size_t kind, const char *at, const char *end)
{
	struct vendors *vendors = reading->vendors;
	char registry[16], digits[16], name[VENDOR_NAME_MAX];
	take_field(&at, end, registry, sizeof registry);
	take_field(&at, end, digits, sizeof digits);
	take_field(&at, end, name, sizeof name);
	if (strlen(digits) != kinds[kind].digits ||
	    strspn(digits, "0123456789abcdefABCDEF") != kinds[kind].digits || !name[0])
		return PF_OK; /* the head, or nobody's */
	uint64_t place;
	if (!grow(vendors, kind) || keep_name(reading, name, &place) != PF_OK)
		return PF_ENOMEM;
	vendors->list[kind][vendors->count[kind]++] = strtoull(digits, NULL, 16) << NAME_BITS | place;
	return PF_OK;
}

static int read_text(struct reading *reading, size_t kind, const char *text, size_t length)
{
	const char *end = text + length;
	int error = PF_OK;
	while (text < end && error == PF_OK) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		if (!line_end)
			line_end = end;
		error = take_line(reading, kind, text, line_end);
		text = line_end + 1;
	}
	return error;
}

static int read_file(struct reading *reading, size_t kind, const char *path, struct diag *diag)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return PF_OK;
	const char *fault = fd < 0 || fstat(fd, &status) ? strerror(errno) : NULL;
	if (!fault && (!S_ISREG(status.st_mode) || status.st_size > VENDOR_FILE_BYTES_MAX))
		fault = "it is no file of at most 64 MiB";
	int error = PF_OK;
	char *text;
	if (!fault && status.st_size) {
		/* read, not mapped: whoever shortens the file meanwhile must not end us */
		text = malloc((size_t)status.st_size);
		ssize_t got = text ? read(fd, text, (size_t)status.st_size) : 0;
		error = !text ? PF_ENOMEM : got > 0 ? read_text(reading, kind, text, (size_t)got) : PF_OK;
		free(text);
	}
	if (fault)
		diag_warning(diag, path, 0, 0, "the file can not be read (%s); its vendors have no names",
		             fault);
	if (fd >= 0)
		close(fd);
	return error;
}

static int by_prefix(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* What the files of a folder look like; another number when one has changed. */
static uint64_t look_at(const char *folder)
{
	uint64_t sum = hash_bytes((struct hash_key){1}, folder, strlen(folder));
	for (size_t kind = 0; kind < LENGTHS; kind++) {
		char path[4096];
		struct stat info;
		uint64_t looks[4] = {0};
		snprintf(path, sizeof path, "%s/%s", folder, kinds[kind].file);
		if (!stat(path, &info)) {
			looks[0] = info.st_ino;
			looks[1] = (uint64_t)info.st_size;
			looks[2] = (uint64_t)info.st_mtim.tv_sec << 30 | (uint64_t)info.st_mtim.tv_nsec;
			looks[3] = (uint64_t)info.st_ctim.tv_sec << 30 | (uint64_t)info.st_ctim.tv_nsec;
		}
		sum = hash_bytes((struct hash_key){sum}, looks, sizeof looks);
	}
	return sum;
}

bool vendors_are_current(const struct vendors *vendors, const char *folder)
{
	return vendors && vendors->looks == look_at(folder);
}

int vendors_load(const char *folder, struct diag *diag, struct vendors **out)
{
	struct vendors *vendors = calloc(1, sizeof *vendors);
	int error = vendors ? PF_OK : PF_ENOMEM;
	size_t warnings = diag->warnings;
	struct reading reading = {.vendors = vendors};
	*out = NULL;
	if (vendors) {
		buffer_init(&vendors->pool, POOL_BYTES_MAX);
		vendors->looks =
			look_at(folder); /* before they are read: what changes meanwhile has changed */
	}
	for (size_t kind = 0; kind < LENGTHS && error == PF_OK; kind++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", folder, kinds[kind].file);
		error = read_file(&reading, kind, path, diag);
		if (error == PF_OK && vendors->count[kind])
			qsort(vendors->list[kind], vendors->count[kind], sizeof(uint64_t), by_prefix);
	}
	free(reading.names);
	if (error != PF_OK) {
		vendors_free(&vendors);
		return error;
	}
	if (diag->warnings != warnings)
		vendors->looks = 0; /* read again each time, so that it is told each time */
	*out = vendors;
	return PF_OK;
}

void vendors_free(struct vendors **vendors)
{
	struct vendors *old = *vendors;
	if (!old)
		return;
	for (size_t kind = 0; kind < LENGTHS; kind++)
		free(old->list[kind]);
	buffer_deinit(&old->pool);
	free(old);
	*vendors = NULL;
}

/* ---- asking ------------------------------------------------------------------------------ */

/* NULL: nobody has the prefix. */
static const char *look_up(const struct vendors *vendors, size_t kind, uint64_t prefix)
{
	const uint64_t *list = vendors->list[kind];
	size_t from = 0, end = vendors->count[kind];
	while (from < end) {
		size_t middle = from + (end - from) / 2;
		if (list[middle] >> NAME_BITS < prefix)
			from = middle + 1;
		else
			end = middle;
	}
	if (from == vendors->count[kind] || list[from] >> NAME_BITS != prefix)
		return NULL;
	return vendors->pool.data + (list[from] & (POOL_BYTES_MAX - 1));
}

const char *vendor_of(const struct vendors *vendors, const struct mac *mac)
{
	if (!vendors || mac_is_local(mac))
		return "";
	uint64_t bits = 0;
	for (size_t i = 0; i < sizeof mac->bytes; i++)
		bits = bits << 8 | mac->bytes[i];
	for (size_t kind = LENGTHS; kind-- > 0;) {
		const char *name = look_up(vendors, kind, bits >> (48 - 4 * kinds[kind].digits));
		if (name)
			return name;
	}
	return "";
}

size_t vendors_count(const struct vendors *vendors)
{
	size_t count = 0;
	for (size_t kind = 0; vendors && kind < LENGTHS; kind++)
		count += vendors->count[kind];
	return count;
}
