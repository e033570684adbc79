/*
 * The eight attributes of ASID-1M captions (arXiv 2602.13013, section 3), in
 * the order in which they are written everywhere.
 */
#ifndef ASID_TEXT_ATTRIBUTE_H
#define ASID_TEXT_ATTRIBUTE_H

#include "asid/base/str.h"

enum attribute {
    ATTRIBUTE_NONE = -1,
    ATTRIBUTE_SCENE,
    ATTRIBUTE_CHARACTERS,
    ATTRIBUTE_OBJECTS,
    ATTRIBUTE_ACTIONS,
    ATTRIBUTE_NARRATIVE_ELEMENTS,
    ATTRIBUTE_SPEECH,
    ATTRIBUTE_CAMERA,
    ATTRIBUTE_EMOTIONS,
};

enum { ATTRIBUTES = 8 };

/* "scene", "characters", ..., indexed by enum attribute. */
extern const char *const attribute_keys[ATTRIBUTES];

/* The attribute of that key ("narrative elements" with a blank counts as
 * well), or ATTRIBUTE_NONE. */
enum attribute attribute_of(struct str key);

#endif
