/* The eight attributes. */
#include "asid/text/attribute.h"

const char *const attribute_keys[ATTRIBUTES] = {
    "scene",  "characters", "objects", "actions", "narrative_elements",
    "speech", "camera",     "emotions"};

enum attribute attribute_of(struct str key)
{
    for (int i = 0; i < ATTRIBUTES; i++)
        if (str_is(key, attribute_keys[i]))
            return (enum attribute)i;
    return str_is(key, "narrative elements") ? ATTRIBUTE_NARRATIVE_ELEMENTS
                                             : ATTRIBUTE_NONE;
}
