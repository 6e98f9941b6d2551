/* What may be asked of a journal: one small interface, whatever the store. report/ and the API ask
 * here; SQL stands in the store's own folder (journal/sqlite). A store is opened for reading only, may be asked while the
 * daemon writes, and never blocks the writer. One thread at a time. */
#ifndef PF_JOURNAL_STORE_H
#define PF_JOURNAL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define STORE_DEVICES_MAX 4096 /* of one filter */

/* All conditions that are given must hold. Strings are borrowed; NULL or negative: not given. */
struct store_filter {
	const char *device;         /* name or id, exact */
	const char *const *devices; /* one of these ids; NULL: not given */
	size_t device_count;        /* at most STORE_DEVICES_MAX; 0 with `devices`: nothing is found */
	const char *name;    /* name of a query: exact, or with `*` and `?` as wildcards ("*.cn") */
	const char *domain;  /* its registered domain: "vendor.com" */
	const char *country; /* an address of the answer stands there, or is run from there: "CN" */
	const char *location,
		*control;     /* the one, the other; all that is said holds for one and the same address */
	int64_t asn;      /* of that address; 0: not given */
	const char *rule; /* name of the rule that decided */
	const char *action;                   /* "allow", "flag", "sinkhole" */
	const char *standing;                 /* "overseas" … */
	const char *type;                     /* "A" */
	const char *kind;                     /* of an event: "new-country" */
	int64_t since_wall_us, until_wall_us; /* 0: not given */
	bool fresh;        /* of endpoints: names that led the device to no address before `since` */
	int64_t after_row; /* rows with a greater number only (log -f); 0: not given */
	/* Only what comes before this one, going back: a query's row; of an endpoint its `last` and its row, of an event its time and
	 * its row. 0: not given. */
	int64_t before_row, before_wall_us;
	int64_t limit; /* at most so many, the newest; 0: all */
};

/* One query, as v_queries shows it; the journal keeps milliseconds of its time. Strings are valid during the call only, never NULL. */
struct store_query {
	int64_t row; /* grows with time of writing */
	int64_t time_wall_us;
	const char *device_id, *device, *client, *name, *type, *rcode, *action, *rule, *reason;
	const char *standing, *confidence, *source, *upstream;
	const char *protocol; /* "udp", "tcp", "dot", "doh", "doq" */
	const char *dnssec;   /* of the answer: "secure", "insecure", "bogus", "indeterminate" */
	int64_t took_us;
	int64_t answer; /* as in store_history */
};

/* All raw queries that differ in nothing but their time. `answer` names the content of the answer, 0: none. */
struct store_history {
	const char *device_id, *device, *client, *name, *type, *rcode, *action, *rule, *reason;
	const char *standing, *confidence, *source, *upstream;
	const char *protocol; /* "udp", "tcp", "dot", "doh", "doq" */
	const char *dnssec;   /* of the answer: "secure", "insecure", "bogus", "indeterminate" */
	int64_t answer;
	int64_t first_wall_us, last_wall_us, count;
};

/* Times that must be told apart: `of` says in which of `count` phases a time is, 0 for the first; one of `count` or above ends the walk with
 * PF_EFULL. */
#define STORE_PHASES_MAX 64
struct store_phases {
	unsigned (*of)(void *data, int64_t time_wall_us);
	void *data;
	unsigned count; /* at most STORE_PHASES_MAX */
};

/* One endpoint, as v_endpoints shows it. */
struct store_endpoint {
	const char *device_id, *device, *name, *type, *address, *location, *control, *organisation;
	const char *standing, *confidence;
	int64_t asn; /* 0: not known */
	int64_t first_wall_us, last_wall_us, count;
	const char *domain; /* the registered domain of `name`: "vendor.com" */
	const char *via;    /* the CNAMEs that led to the address, divided by spaces */
	const char *dnssec; /* the best that was ever known of an answer that led here */
	int64_t row;
};

/* A device as the journal saw it. */
struct store_device {
	const char *id, *name;
	int64_t first_wall_us, last_wall_us, queries, flagged, sinkholed;
	int64_t overseas_names; /* distinct names with an overseas endpoint */
};

/* One name that a device asked for, once for each device. */
struct store_asked {
	const char *device_id, *device, *name;
};

/* What the journal found out about a device, as v_events shows it (journal/sqlite/drift.h). */
struct store_event {
	int64_t row;
	int64_t time_wall_us;
	const char *kind; /* "standing-changed", "new-country" */
	const char *device_id, *device, *name;
	const char *before, *after; /* "DE (home, high)"; before is "" of a new country */
	const char *evidence;
	const char
		*cause; /* "moved", or "database": only a new database release says so, nobody was told */
};

/* The content of an answer: as it was judged when it came. */
struct store_answer_address {
	const char *address, *standing, *confidence, *location, *control;
	int64_t asn;
	bool special, anycast;
};
struct store_answer {
	const char *standing, *confidence;
	int64_t overseas, judged;
	size_t hop_count, address_count;
	const char *const *hops; /* CNAMEs in order */
	const struct store_answer_address *addresses;
};

/* So many queries. `country` is where an address of the answer stands. What a question does not tell apart is "", or 0. */
struct store_sum {
	const char *device_id, *device, *name, *action, *standing, *country;
	int64_t time_wall_us, count;
};
/* Those of a long time are answered by sums of longer times, where these are exact: a year costs little more than a month. Times are UTC. */
enum store_sums {
	STORE_SUMS_HOURS,   /* of each hour: all devices of the filter, and all names together */
	STORE_SUMS_DAYS,    /* of each day, the same */
	STORE_SUMS_DEVICES, /* of each device, all the time together */
	STORE_SUMS_NAMES,   /* of each device and name, all the time together */
	STORE_SUMS_ALL_NAMES, /* of each name: all devices of the filter, all the time together; `device` is "" or one of them */
	STORE_SUMS_NAME_DAYS, /* of each device, name and day: as many rows as there are days, when many names are meant */
	STORE_SUMS_NAME_HOURS, /* of each device, name and hour: only with a filter for few names, or a short time */
};

struct store {
	/* Each returns PF_OK, PF_EINVAL, PF_EIO (with the reason in `error`), or what `each` returned when
	 * that was not 0, which ends the walk. Queries come oldest first, endpoints by device, name, type and
	 * address (after_row means nothing to them; with an action or a rule those to which a query led that is still there and
	 * was decided so), devices by name. */
	int (*queries)(struct store *store, const struct store_filter *filter,
	               int (*each)(void *data, const struct store_query *row), void *data);
	int (*endpoints)(struct store *store, const struct store_filter *filter,
	                 int (*each)(void *data, const struct store_endpoint *row), void *data);
	int (*devices)(struct store *store, int (*each)(void *data, const struct store_device *row),
	               void *data);
	/* Raw queries that say the same but for their time, together, in no order; with `phases` (else NULL) those of each phase. Limit and
	 * after_row mean nothing here. Ten million queries are read in a few seconds. */
	int (*history)(struct store *store, const struct store_filter *filter,
	               const struct store_phases *phases,
	               int (*each)(void *data, const struct store_history *row), void *data);
	/* Calls `each` once, or not at all when there is no such answer any more. May be asked from within history and queries. */
	int (*answer)(struct store *store, int64_t answer,
	              int (*each)(void *data, const struct store_answer *row), void *data);
	/* In no order, and several rows may speak of the same: they add up. Since and until count to the hour, with names to the day (but
	 * NAME_HOURS). With a name or a domain in the filter each name is told. With a rule, type, country, control or network they are counted from the raw
	 * queries, to the millisecond and without `country`, as far back as those go. */
	int (*sums)(struct store *store, enum store_sums what, const struct store_filter *filter,
	            int (*each)(void *data, const struct store_sum *row), void *data);
	/* By device (name, then id), then name. Of the filter: device and since (to the day). As long as endpoints and sums are kept. */
	int (*asked)(struct store *store, const struct store_filter *filter,
	             int (*each)(void *data, const struct store_asked *row), void *data);
	/* Oldest first. Of the filter: device, kind, since, until and limit (the newest). */
	int (*events)(struct store *store, const struct store_filter *filter,
	              int (*each)(void *data, const struct store_event *row), void *data);
	void (*close)(struct store **store);
	char error[256];
};

#endif
