"""Transport, and kinds of records other than features."""

from zimfo_server.atlas.places.vocabulary.kind import Kind

RAILWAY = "On this map the class railway holds train, tram and metro stops alike."

TRANSPORT_AND_REGIONS = (
    Kind(
        "bus_stop",
        also="bus bus_station",
        subtypes="bus bus_stop bus_station",
    ),
    Kind(
        "train_station",
        also="railway_station station rail train",
        subtypes="station train_station railway_station railway",
        names="stazione station gare estació estacion bahnhof *rautatieasema",
        among="none amenity attraction",
        unless=(
            "pumping fire petrol police gas bus service power polizia deposito velo velos bus busses busos autobusos"
        ),
        remark=RAILWAY,
    ),
    Kind(
        "metro_station",
        also="subway subway_station metro underground subway_entrance metro_entrance",
        subtypes="subway subway_station metro_station light_rail_and_subway_stations subway_entrance",
        names="metro metropolitana subway u_bahn underground m1 m2 m3 m4 m5",
        among="railway entrance none",
    ),
    Kind(
        "tram_stop",
        also="tram streetcar light_rail",
        subtypes="tram_stop tram railway",
        remark=RAILWAY,
    ),
    Kind(
        "public_transport",
        also="transit transport public_transit transit_stop",
        subtypes=(
            "bus bus_stop bus_station station train_station railway subway tram_stop tram ferry_terminal "
            "aerialway entrance"
        ),
    ),
    Kind(
        "taxi",
        also="taxi_stand taxi_rank",
        subtypes="taxi taxi_rank taxi_service",
        names="taxi taxis",
        among="car amenity none",
    ),
    Kind(
        "airport",
        also="airfield aerodrome",
        subtypes="airport/* airport aerodrome",
        names="aeroporto aéroport airport aeropuerto",
        among="none",
    ),
    Kind(
        "city",
        subtypes="place/city place/town",
    ),
    Kind(
        "town",
        also="village settlement locality",
        subtypes="place/city place/town place/village place/hamlet",
    ),
    Kind(
        "neighborhood",
        also="neighbourhood district suburb quarter borough area",
        subtypes="place/suburb place/neighbourhood place/quarter place/borough place/locality place/district",
    ),
    Kind(
        "place",
        subtypes="place/*",
    ),
    Kind(
        "island",
        also="islet",
        subtypes="place/island place/islet",
    ),
    Kind(
        "street",
        also="road avenue lane",
        subtypes="street/*",
    ),
    Kind(
        "address",
        also="addr house_number house",
        subtypes="addr/*",
    ),
    Kind(
        "poi",
        subtypes="poi/none",
    ),
    Kind(
        "building",
        subtypes="building/* building",
    ),
)
