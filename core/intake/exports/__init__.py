"""Other systems' exports, read as they come: each file here turns one format into our own kinds.

A translation knows file formats only; what the rows mean is known by the rooms that take them in.
"""

from core.intake.exports.entra import ENTRA
from core.intake.exports.google import GOOGLE
from core.intake.exports.hubspot import HUBSPOT
from core.intake.exports.maven_crm import MAVEN_CRM
from core.intake.exports.moodle import MOODLE
from core.intake.exports.salesforce import SALESFORCE

PRESETS = (MAVEN_CRM, *SALESFORCE, *HUBSPOT, *ENTRA, *GOOGLE, *MOODLE)
