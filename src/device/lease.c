/* Parsers of lease files, one for each server, over a text that may end anywhere: the servers rewrite their files while
 * we read. Words are cut out of lines in place; nothing is believed that does not parse whole. */
#include "device/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device/lease_text.h"

static bool grow(struct leasing *leasing)
{
	if (leasing->list->count < leasing->room)
		return true;
	size_t room = leasing->room ? leasing->room * 2 : 64;
	struct lease *grown = realloc(leasing->list->leases, room * sizeof *grown);
	if (!grown)
		return false;
	leasing->list->leases = grown;
	leasing->room = room;
	return true;
}

void lease_add(struct leasing *leasing, const struct lease *lease)
{
	if (leasing->list->count >= LEASE_COUNT_MAX) {
		leasing->list->skipped++;
		return;
	}
	if (!grow(leasing)) {
		leasing->no_memory = true;
		return;
	}
	leasing->list->leases[leasing->list->count++] = *lease;
}

static int by_addr(const void *a, const void *b)
{
	const struct lease *x = a, *y = b;
	int order = memcmp(&x->addr, &y->addr, sizeof x->addr);
	/* of one address the later one in the file comes last */
	return order ? order : x->order < y->order ? -1 : x->order > y->order;
}

/* Leaves the last of each address; those that ended (`over`) end their address. */
static void keep_last(struct lease_list *list)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++)
		list->leases[i].order = (uint32_t)i;
	if (list->count)
		qsort(list->leases, list->count, sizeof *list->leases, by_addr);
	for (size_t i = 0; i < list->count; i++) {
		bool last =
			i + 1 == list->count || !addr_equal(&list->leases[i].addr, &list->leases[i + 1].addr);
		if (last && !list->leases[i].over)
			list->leases[kept++] = list->leases[i];
	}
	list->count = kept;
}

int lease_parse(enum lease_format format, const char *text, size_t length, int64_t wall_us,
                struct lease_list *out)
{
	static void (*const parsers[])(struct leasing *, const char *, const char *) = {
		[LEASE_DNSMASQ] = lease_parse_dnsmasq,
		[LEASE_DHCPD] = lease_parse_dhcpd,
		[LEASE_KEA] = lease_parse_kea,
		[LEASE_ODHCPD] = lease_parse_odhcpd,
	};
	*out = (struct lease_list){0};
	struct leasing leasing = {.list = out, .wall_s = wall_us / 1000000};
	parsers[format](&leasing, text, text + length);
	if (leasing.no_memory) {
		lease_list_deinit(out);
		return PF_ENOMEM;
	}
	keep_last(out);
	return PF_OK;
}

void lease_list_deinit(struct lease_list *list)
{
	free(list->leases);
	*list = (struct lease_list){0};
}

/* ---- files ------------------------------------------------------------------------------- */

static bool same_moment(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* As much as the file had when it was opened; -1 with errno. */
static ssize_t read_whole(int fd, char *text, size_t size)
{
	size_t used = 0;
	while (used < size) {
		ssize_t got = read(fd, text + used, size - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		used += (size_t)got;
	}
	return (ssize_t)used;
}

int lease_read(const char *path, enum lease_format format, int64_t wall_us, struct lease_list *out,
               char error[256])
{
	struct stat before, after;
	int result = PF_EIO, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	ssize_t length = 0;
	*out = (struct lease_list){0};
	if (fd < 0 || fstat(fd, &before)) {
		snprintf(error, 256, "the lease file %.150s can not be read: %s", path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(before.st_mode) || before.st_size > LEASE_FILE_BYTES_MAX) {
		snprintf(error, 256, "the lease file %.150s is no file of at most %u MiB", path,
		         LEASE_FILE_BYTES_MAX >> 20);
		goto out;
	}
	text = malloc((size_t)before.st_size + 1);
	if (!text) {
		result = PF_ENOMEM;
		goto out;
	}
	length = read_whole(fd, text, (size_t)before.st_size);
	if (length < 0 || fstat(fd, &after)) {
		snprintf(error, 256, "the lease file %.150s can not be read: %s", path, strerror(errno));
		goto out;
	}
	if (!same_moment(&before, &after)) {
		snprintf(error, 256, "the lease file %.150s was changed while it was read", path);
		result = PF_ETIMEOUT;
		goto out;
	}
	result = lease_parse(format, text, (size_t)length, wall_us, out);
out:
	free(text);
	if (fd >= 0)
		close(fd);
	return result;
}
