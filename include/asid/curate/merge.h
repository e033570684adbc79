/*
 * The multi-source caption merge (ASID-Verify, arXiv 2602.13013, section 3.2:
 * keep a detail even if only one source has it, remove what is said twice,
 * resolve what contradicts itself), without a model.
 *
 *     merge_policy_new       once, then weights, who only heard, tolerance
 *       merge_record         per record; several threads at once
 *
 * Every source is taken apart into claims. Contradictions are settled first:
 * a value that loses is replaced in, or taken out of, the words around it, so
 * that no two values are asserted and the details beside the losing value
 * stay. Then claims that say nothing new are joined with those that say it,
 * and what is left is written in the order of time, whole sentences as their
 * source wrote them wherever all of a sentence is left.
 *
 * The result does not depend on the order of the sources. Work is linear in
 * the length of the record; comparisons go through an index of stems and are
 * bounded for each claim.
 */
#ifndef ASID_CURATE_MERGE_H
#define ASID_CURATE_MERGE_H

#include "asid/curate/record.h"

/* Most sources of different names of one record; more are refused. */
enum { MERGE_SOURCES = 64 };

struct merge_policy;

/* Weight 1 for everybody, nobody only heard, 2 s of tolerance. Lives in the
 * arena; rules must live as long. */
enum asid_rc merge_policy_new(const struct text_rules *rules, struct arena *a,
                              struct merge_policy **out,
                              struct asid_err *err) ASID_WARN_UNUSED;
/* "NAME=W" or "NAME.ATTRIBUTE=W", W >= 0: how much the source's vote counts,
 * for all attributes or for one (which goes before the one for all, whatever
 * their order). Weight 0: it has no vote, but what only it has is kept. USAGE
 * when malformed or given twice. */
enum asid_rc merge_policy_weight(struct merge_policy *p, const char *spec,
                                 struct asid_err *err) ASID_WARN_UNUSED;
/* A source that only heard: no vote and no say about what is seen (scene,
 * characters, objects, actions, camera). Records say the same of their own by
 * sources[].streams "audio". */
void merge_policy_heard(struct merge_policy *p, const char *name);
/* Times that differ by no more than this many seconds are the same. */
void merge_policy_tolerance(struct merge_policy *p, double seconds);

/* Write attributes, caption and findings of the record from its sources and
 * transcript. REJECT merge.no_source when there is neither a source with a
 * text nor a caption, input.schema for over MERGE_SOURCES names or a text with
 * U+0000. The record is changed only on success. */
enum asid_rc merge_record(const struct merge_policy *p, struct arena *a,
                          struct json *record,
                          struct asid_err *err) ASID_WARN_UNUSED;

/* --- fusion by a model ---------------------------------------------------- */

/* Whether several sources had a part in the attribute's text (NONE: in the
 * caption), so that there is something to be fused; *plain gets the text. */
bool merge_fusion_wanted(const struct json *record, enum attribute attribute,
                         struct str *plain);
/* Whether a model's rewording says what the merged text says: each claim of
 * the one is in one sentence of the other, with every content word, value,
 * quote and time (within the tolerance), and each claim of the other is made
 * of words, values and quotes that the one has at that time. *why gets the
 * first thing that is lost or added. */
bool merge_fusion_holds(const struct merge_policy *p, struct arena *a,
                        enum attribute attribute, struct str plain,
                        struct str fused, struct str *why);
/* Put a rewording in the place of the merged text if it holds, else note it as
 * merge.fusion; claims stay as they are. True when it was taken. */
bool merge_fusion_take(const struct merge_policy *p, struct arena *a,
                       struct json *record, enum attribute attribute,
                       struct str fused);

#endif
