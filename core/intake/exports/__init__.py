"""Other systems' exports, read as they come: each file here turns one format into our own kinds.

A translation knows file formats only; what the rows mean is known by the rooms that take them in.
"""

from core.intake.exports.maven_crm import MAVEN_CRM

PRESETS = (MAVEN_CRM,)
