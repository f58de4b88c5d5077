"""Deputies and second leads, as the loop's settings arrange them; the people room keeps them."""

from people.services.standins import (
    end_deputy,
    end_second_lead,
    name_deputy,
    name_second_lead,
)

__all__ = ["end_deputy", "end_second_lead", "name_deputy", "name_second_lead"]
