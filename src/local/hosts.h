/* Private to local/: the owner's records, as answers ready to be served. */
#ifndef PF_LOCAL_HOSTS_H
#define PF_LOCAL_HOSTS_H

#include "base/diag.h"
#include "config/config.h"
#include "dns/answer.h"
#include "local/names.h"

/* All records of one name. */
struct host {
	struct answer *a, *aaaa, *cname, *ptr; /* owned; NULL: no such record */
	struct dns_name target;                /* of the CNAME */
	bool from_file;                        /* the hosts file, else the configuration */
	bool made;                             /* a PTR that nobody wrote: an address's first name */
	unsigned line;
};

struct hosts {
	struct names *table;
	struct host *hosts;
	size_t count, room;
};

/* What the configuration says, then the hosts file; the configuration wins where both know a name. Then PTR
 * records for all addresses whose reverse name has no record yet: the first name that an address was given. */
PF_MUST_CHECK int hosts_build(struct hosts *hosts, const struct config *config, struct diag *diag);
void hosts_deinit(struct hosts *hosts);

/* One line of hosts(5): an address and names behind it. */
struct hosts_line {
	struct addr addr;
	size_t name_count;
	struct dns_name names[32]; /* more are left out; nobody gives a machine as many */
};
enum hosts_parse {
	HOSTS_LINE,
	HOSTS_EMPTY,    /* nothing, or a comment */
	HOSTS_ZONED,    /* fe80::1%lo0: an address with a zone is for this machine alone */
	HOSTS_BAD_ADDR, /* the first word is no address */
	HOSTS_BAD_NAME, /* no name, or one that is none */
};
enum hosts_parse hosts_parse_line(const char *text, size_t length, struct hosts_line *line);

#endif
