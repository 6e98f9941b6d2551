/* What lines of a list say of their entries in comments ("# kind=telemetry evidence=B"), as blocklists/README.md tells. */
#ifndef PF_VALUE_MARKS_H
#define PF_VALUE_MARKS_H

enum mark_kind {
	MARK_TELEMETRY,
	MARK_REQUIRED,
	MARK_UPDATE,
	MARK_UNKNOWN,
	MARK_RESOLVER,
	MARK_KIND_COUNT
};
extern const char *const mark_kind_words[MARK_KIND_COUNT]; /* "telemetry" … */

/* Which of them are wanted. */
struct marks_wanted {
	unsigned kinds; /* bits of enum mark_kind; 0: all, also those that say nothing */
	char evidence;  /* 'A', 'B' or 'C': the worst that is good enough; 0: any or none */
};

#endif
