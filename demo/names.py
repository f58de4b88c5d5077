"""Invented names for an invented company; nobody real is meant."""

from __future__ import annotations

COMPANY = "Northgate"
MAIL_DOMAIN = "northgate.example"
TOOL = "Relay"

REGIONS = (
    ("Northeast", "America/New_York"),
    ("Great Lakes", "America/Chicago"),
    ("Rockies", "America/Denver"),
    ("Pacific", "America/Los_Angeles"),
    ("Mid Atlantic", "America/New_York"),
    ("Heartland", "America/Chicago"),
    ("Southwest", "America/Denver"),
    ("Northwest", "America/Los_Angeles"),
    ("Southeast", "America/New_York"),
    ("Gulf", "America/Chicago"),
    ("High Plains", "America/Denver"),
    ("California", "America/Los_Angeles"),
)

_FIRST_NAMES = """
Aaron Abena Adele Ahmed Aiko Alba Alina Amara Amir Anders Anita Anton Arjun Astrid Aurora
Beatriz Bela Benita Bruno Calvin Camila Carla Cedric Celia Chen Chidi Clara Cyrus Dalia Damon
Daria Deepa Delia Diego Dora Edgar Eduardo Elif Elena Elias Elsa Emeka Emil Esther Ethan Farah
Felix Fiona Flora Frida Gavin Gemma Goran Greta Gustav Hana Harold Hassan Hedda Henry Hugo Ian
Ida Imani Ines Irina Isaac Ivy Jacob Jana Jasper Jelena Joanna Jorge Josef Julia Kai Kamal Karin
Keiko Kenji Kofi Lars Laura Leila Leon Lena Liam Linh Lucia Luka Malik Manuel Mara Mateo Mei Mia
Miles Mira Moses Nadia Naomi Nico Nina Noor Oleg Olive Omar Oscar Paula Pavel Petra Quinn Rafael
Rania Ravi Rita Robin Rosa Rowan Ruben Sana Sara Seth Silas Simon Sofia Soren Stella Sunil Talia
Tara Teo Theo Tomas Uma Una Vera Viktor Vince Wanda Wei Willa Xavier Yara Yusuf Zara Zoe
"""
FIRST_NAMES = tuple(_FIRST_NAMES.split())

_LAST_NAMES = """
Abbott Acosta Adeyemi Aldana Alvarez Amato Anders Archer Asante Baker Banerjee Barnes Beck Bello
Bianchi Blake Boateng Bosco Brandt Briggs Burke Calder Campos Carver Castle Chan Choi Conrad
Costa Crane Cruz Dalton Danso Das Decker Delgado Diallo Dixon Dorsey Drake Duarte Eaton Ekman
Elliott Engel Erdem Espino Farrow Faulk Ferrer Finch Fischer Flores Fontaine Foss Frost Fuentes
Gallo Garner Gibson Glover Gomes Grady Grant Greco Gupta Haas Haddad Hale Hansen Harlow Hayes
Heller Herrera Hicks Holm Horvath Huang Hughes Iyer Jansen Jarvis Jensen Joshi Kaplan Kaur
Keller Khan Kimura Klein Kovac Kruger Lambert Larsen Le Lenz Lindgren Lopez Lowe Lund Mahmoud
Malone Marin Marsh Mbeki Meier Mendez Meyer Miles Molina Moreau Morgan Moss Mwangi Nash Navarro
Nguyen Nolan Novak Nyberg Obi Ochoa Olsen Ortega Osei Otto Owens Palmer Parekh Park Pascal Patel
Perez Petrov Pike Pohl Porter Quiroga Ramos Rao Reed Reyes Rhodes Ricci Rivera Romano Rossi Rowe
Ruiz Sahin Salas Sandoval Santos Sato Schmidt Serrano Shah Sharma Silva Singh Sloan Snow Soto
Stark Stein Strand Suzuki Tanaka Tapia Thorne Tran Turner Ueda Ullman Vance Varga Vega Velez
Vogel Wagner Walsh Watts Weber Wells Wilder Wolfe Wong Wright Yamada Yilmaz York Young Zamora
Zeller Zhang Ziegler
"""
LAST_NAMES = tuple(_LAST_NAMES.split())

CHANNELS = ("field", "field", "field", "inside", "inside", "partner")
PRODUCTS = ("Harbor", "Beacon", "Trellis", "Compass", "Anvil")
_ACCOUNT_FIRST = """
Alder Amber Arrow Birch Bright Cedar Clear Copper Coral Crown Delta Eagle Ember Fern Flint
Granite Green Harbor Iron Juniper Lake Maple Meadow North Oak Orchard Pine Prairie Quarry Ridge
River Sable Silver Slate Stone Summit Swift Timber Union Valley West Willow
"""
ACCOUNT_FIRST = tuple(_ACCOUNT_FIRST.split())
ACCOUNT_LAST = (
    "Foods",
    "Freight",
    "Health",
    "Industries",
    "Labs",
    "Logistics",
    "Outfitters",
    "Partners",
    "Supply",
    "Systems",
    "Tooling",
    "Works",
)
